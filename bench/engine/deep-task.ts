import type { SlotFacts } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { ordinaryClass } from '../lib/classes.ts';
import { EngineClinic, accepted } from '../lib/engine-clinic.ts';
import { ModelSlot } from '../lib/model.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';

/** Slots of 10 seats with a long waitlist. */
export interface DeepSlots {
  /** Waiting tokens in each slot. */
  readonly waiting: number;
  readonly slots: number;
  /** Measured batches of cancels, and as many of emergencies. */
  readonly batches: number;
}

export interface DeepResult {
  /** Nanoseconds of a cancel that promotes. */
  readonly cancelNs: number;
  /** Nanoseconds of an emergency that bumps. */
  readonly emergencyNs: number;
  /** Promotions, bumps and places that were checked. */
  readonly checked: number;
}

const CAPACITY = 10;
/**
 * Commands between two reads of the clock, because a read takes a tenth of the time of a command. Less than the seats,
 * so that each emergency of a batch finds a token to bump.
 */
const BATCH = 8;
const SEED = 20_260_105;

class DeepRun {
  readonly #clinic: EngineClinic;
  readonly #waiting: number;
  readonly #random = new Random(SEED);
  checked = 0;

  constructor({ waiting, slots }: DeepSlots) {
    this.#waiting = waiting;
    this.#clinic = new EngineClinic({ slots, capacity: CAPACITY });
    for (let round = 0; round < waiting + CAPACITY; round += 1)
      for (const slot of this.#clinic.slots) this.#refill(slot);
  }

  #refill(slot: SlotFacts): void {
    const { type } = ordinaryClass(this.#random);
    accepted(this.#clinic.engine.book(this.#clinic.booking(slot, type)));
  }

  /**
   * Cancels seated tokens, so that waiting ones are promoted; books as many again without measuring that.
   * @returns nanoseconds of a cancel
   */
  cancels(batches: number): number {
    const { engine, slots, now: at } = this.#clinic;
    let spent = 0;
    for (let batch = 0; batch < batches; batch += 1) {
      const facts = this.#random.pick(slots);
      const leaving = required(engine.slot(facts.id)).seatedTokens().slice(0, BATCH);
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

  /**
   * Books emergencies into a full slot; then cancels them without measuring that, so that the bumped tokens are promoted.
   * @returns nanoseconds of an emergency
   */
  emergencies(batches: number): number {
    const { engine, slots, now: at } = this.#clinic;
    let spent = 0;
    for (let batch = 0; batch < batches; batch += 1) {
      const facts = this.#random.pick(slots);
      const before = required(engine.slot(facts.id)).seatedTokens();
      const booked = [];
      const start = performance.now();
      for (let emergency = 0; emergency < BATCH; emergency += 1)
        booked.push(accepted(engine.book(this.#clinic.booking(facts, 'EMERGENCY'))));
      spent += performance.now() - start;
      // The weakest seated token is bumped first (R3).
      const victims = before.toReversed().slice(0, BATCH);
      this.#expect(booked.every(({ bumped }, index) => bumped === victims[index]));
      for (const { token } of booked) accepted(engine.cancel({ tokenId: token.id, at }));
    }
    return (spent * 1e6) / (batches * BATCH);
  }

  /** Every slot has as many tokens as at first, in the order of the model. */
  checkBoards(): void {
    for (const facts of this.#clinic.slots) {
      const slot = required(this.#clinic.engine.slot(facts.id));
      const shown = [...slot.seatedTokens(), ...slot.waitlist()];
      const live = shown.map((token) => ({
        id: token.id,
        priority: token.patientClass.priority,
        arrival: token.arrival,
        token,
      }));
      const { seated, waiting } = new ModelSlot(CAPACITY, live.toReversed());
      const isRight = [...seated, ...waiting].every(({ token }, index) => token === shown[index]);
      this.#expect(isRight && slot.waiting === this.#waiting && slot.seated === CAPACITY);
    }
  }

  #expect(isRight: boolean): void {
    if (!isRight)
      throw new Error(
        'A command on a long waitlist gave an answer that does not agree with the rules.',
      );
    this.checked += BATCH;
  }
}

/**
 * Measures one length of the waitlist.
 * @throws Error when an answer is wrong
 */
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
