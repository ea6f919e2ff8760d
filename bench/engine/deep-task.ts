import type { SlotFacts } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { accepted, ordinaryClass, Clinic, must } from '../lib/engine-clinic.ts';
import { boardOf } from '../lib/one-sentence.ts';
import { Random } from '../lib/random.ts';

/** Slots with a deep waitlist: 10 seats, and this many waiting in each. */
export interface DeepSlots {
  readonly waiting: number;
  readonly slots: number;
  /** Batches of cancels, and of emergencies, that are measured. */
  readonly batches: number;
}

export interface DeepResult {
  /** Of a cancel that promotes. */
  readonly cancelNs: number;
  /** Of an emergency that bumps. */
  readonly emergencyNs: number;
  /** Promotions and bumps that were looked at. */
  readonly checked: number;
}

const CAPACITY = 10;
/** Commands between two looks at the clock: it alone takes as long as a tenth of a command. Fewer than the seats. */
const BATCH = 8;
const SEED = 20_260_105;

class DeepRun {
  readonly #clinic: Clinic;
  readonly #waiting: number;
  readonly #random = new Random(SEED);
  checked = 0;

  constructor({ waiting, slots }: DeepSlots) {
    this.#waiting = waiting;
    this.#clinic = new Clinic({ slots, capacity: CAPACITY });
    for (let round = 0; round < waiting + CAPACITY; round += 1)
      for (const slot of this.#clinic.slots) this.#refill(slot);
  }

  #refill(slot: SlotFacts): void {
    const { type } = ordinaryClass(this.#random);
    accepted(this.#clinic.engine.book(this.#clinic.booking(slot, type)));
  }

  /** Seated patients cancel; who waits first is promoted. As many book again, unmeasured. */
  cancels(batches: number): number {
    const { engine, slots, now: at } = this.#clinic;
    let spent = 0;
    for (let batch = 0; batch < batches; batch += 1) {
      const facts = this.#random.pick(slots);
      const leaving = must(engine.slot(facts.id)).seatedTokens().slice(0, BATCH);
      const promoted = [];
      const start = performance.now();
      for (const { id } of leaving)
        promoted.push(accepted(engine.cancel({ tokenId: id, at })).promoted);
      spent += performance.now() - start;
      this.#expect(promoted.every((token) => token?.status === 'BOOKED'));
      for (let left = 0; left < BATCH; left += 1) this.#refill(facts);
    }
    return (spent * 1e6) / (batches * BATCH);
  }

  /** Emergencies take seats in a full slot; afterwards they leave, and who was bumped comes back, unmeasured. */
  emergencies(batches: number): number {
    const { engine, slots, now: at } = this.#clinic;
    let spent = 0;
    for (let batch = 0; batch < batches; batch += 1) {
      const facts = this.#random.pick(slots);
      const before = must(engine.slot(facts.id)).seatedTokens();
      const booked = [];
      const start = performance.now();
      for (let emergency = 0; emergency < BATCH; emergency += 1)
        booked.push(accepted(engine.book(this.#clinic.booking(facts, 'EMERGENCY'))));
      spent += performance.now() - start;
      // The weakest seat goes first.
      const victims = before.toReversed().slice(0, BATCH);
      this.#expect(booked.every(({ bumped }, index) => bumped === victims[index]));
      for (const { token } of booked) accepted(engine.cancel({ tokenId: token.id, at }));
    }
    return (spent * 1e6) / (batches * BATCH);
  }

  /** Every board is as long as it was at first, and in the order that the one sentence says. */
  checkBoards(): void {
    for (const facts of this.#clinic.slots) {
      const slot = must(this.#clinic.engine.slot(facts.id));
      const shown = [...slot.seatedTokens(), ...slot.waitlist()];
      const claims = shown.map((token) => ({
        priority: token.patientClass.priority,
        arrival: token.arrival,
        token,
      }));
      const { seated, waiting } = boardOf(claims.toReversed(), CAPACITY);
      const isRight = [...seated, ...waiting].every(({ token }, index) => token === shown[index]);
      this.#expect(isRight && slot.waiting === this.#waiting && slot.seated === CAPACITY);
    }
  }

  #expect(isRight: boolean): void {
    if (!isRight) throw new Error('A deep waitlist answered what the rules do not say.');
    this.checked += BATCH;
  }
}

/** Runs one depth; throws when an answer is wrong. */
export function runDeep(input: DeepSlots): DeepResult {
  const run = new DeepRun(input);
  run.cancels(input.batches);
  run.emergencies(input.batches);
  collectGarbage();
  const cancelNs = run.cancels(input.batches);
  const emergencyNs = run.emergencies(input.batches);
  run.checkBoards();
  return { cancelNs, emergencyNs, checked: run.checked };
}

if (process.send !== undefined && import.meta.main) serveTask(runDeep);
