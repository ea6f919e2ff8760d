import { holdsSeat, type Token } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { anyClass } from '../lib/classes.ts';
import { EngineClinic, accepted } from '../lib/engine-clinic.ts';
import { ModelSlot } from '../lib/model.ts';
import { Random } from '../lib/random.ts';
import { required } from '../lib/required.ts';

/** Slots of equal length in which tokens are cancelled and booked all the time. */
export interface Traffic {
  /** Live tokens of each slot, half of them seated. */
  readonly length: number;
  readonly slots: number;
  /** Measured pairs of a cancel and a booking. */
  readonly pairs: number;
  /** Measured reads of a waitlist position. */
  readonly lookups: number;
  /** Whether every answer is compared with the model, which is slow for long slots. */
  readonly compare: boolean;
}

export interface TrafficResult {
  /** Nanoseconds of one cancel or booking, with its id and change records. */
  readonly operationNs: number;
  /** Nanoseconds to find a token by its id and to read its waitlist position. */
  readonly positionNs: number;
  /** Computed from all answers: which tokens were seated, bumped and promoted. */
  readonly checksum: number;
  /** Number of answers that were compared with the model. */
  readonly compared: number;
}

/** A live token and the index of its slot. */
interface Place {
  token: Token;
  readonly slot: number;
}

const SEED = 20_260_105;

class TrafficRun {
  readonly #traffic: Traffic;
  readonly #clinic: EngineClinic;
  readonly #places: Place[];
  readonly #random = new Random(SEED);
  checksum = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    const { length, slots } = traffic;
    this.#clinic = new EngineClinic({ slots, capacity: length / 2 });
    // Fills all slots at the same time, because the tokens of a slot are not neighbours in memory on a real day either.
    const order = Array.from({ length: length * slots }, (_, index) => index % slots);
    this.#places = order.map((slot) => ({ token: this.#book(slot), slot }));
  }

  #book(slot: number): Token {
    const facts = required(this.#clinic.slots[slot]);
    const { type } = anyClass(this.#random);
    const outcome = accepted(this.#clinic.engine.book(this.#clinic.booking(facts, type)));
    const { token, bumped } = outcome;
    this.checksum = addToChecksum(this.checksum, holdsSeat(token.status) ? 1 : 0);
    this.checksum = addToChecksum(this.checksum, bumped?.arrival ?? 0);
    return token;
  }

  /**
   * Cancels and books; each pair leaves the length of its slot unchanged.
   * @returns nanoseconds of a cancel or booking
   */
  mixed(pairs: number): number {
    const { engine, now: at } = this.#clinic;
    const start = performance.now();
    for (let pair = 0; pair < pairs; pair += 1) {
      const place = required(this.#places[this.#random.below(this.#places.length)]);
      const { promoted } = accepted(engine.cancel({ tokenId: place.token.id, at }));
      this.checksum = addToChecksum(this.checksum, promoted?.arrival ?? 0);
      place.token = this.#book(place.slot);
    }
    return ((performance.now() - start) * 1e6) / (2 * pairs);
  }

  /** @returns nanoseconds to find a token by its id and to read its waitlist position */
  positions(lookups: number): number {
    const start = performance.now();
    for (let lookup = 0; lookup < lookups; lookup += 1) {
      const { id } = required(this.#places[this.#random.below(this.#places.length)]).token;
      const token = required(this.#clinic.engine.token(id));
      this.checksum = addToChecksum(this.checksum, token.slot.waitlistPositionOf(token) ?? 0);
    }
    return ((performance.now() - start) * 1e6) / lookups;
  }

  /** Compares every slot and every waitlist position with the model. */
  checkBoards(): void {
    const placesOf = Map.groupBy(this.#places, ({ slot }) => slot);
    for (const [index, places] of placesOf) {
      const live = places.map(({ token }) => ({
        id: token.id,
        priority: token.patientClass.priority,
        arrival: token.arrival,
        token,
      }));
      const { seated, waiting } = new ModelSlot(this.#traffic.length / 2, live);
      const slot = required(this.#clinic.engine.slot(required(this.#clinic.slots[index]).id));
      const isRight =
        sameTokens(seated, slot.seatedTokens()) &&
        sameTokens(waiting, slot.waitlist()) &&
        waiting.every(({ token }, place) => slot.waitlistPositionOf(token) === place + 1);
      if (!isRight) throw new Error(`The order of slot ${index} does not agree with the rules.`);
    }
  }
}

/** Adds an answer to a checksum. */
const addToChecksum = (checksum: number, answer: number): number =>
  (Math.imul(checksum, 31) + answer) | 0;

const sameTokens = (model: readonly { token: Token }[], board: readonly Token[]): boolean =>
  model.length === board.length && model.every(({ token }, index) => token === board[index]);

/** Returns the checksum of the same bookings and cancels in the model. */
function modelChecksum({ length, slots }: Traffic, pairs: number): number {
  const random = new Random(SEED);
  const { slots: facts } = new EngineClinic({ slots, capacity: 1 });
  const models = facts.map(() => new ModelSlot(length / 2));
  const arrivals = new Map<string, number>();
  let checksum = 0;
  const book = (slot: number): string => {
    const { doctorId } = required(facts[slot]);
    const arrival = (arrivals.get(doctorId) ?? 0) + 1;
    arrivals.set(doctorId, arrival);
    const token = { id: String(arrival), priority: anyClass(random).priority, arrival };
    const { position, bumped } = required(models[slot]).add(token);
    checksum = addToChecksum(
      addToChecksum(checksum, position === null ? 1 : 0),
      Number(bumped ?? 0),
    );
    return token.id;
  };
  const places = Array.from({ length: length * slots }, (_, index) => ({
    slot: index % slots,
    id: book(index % slots),
  }));
  for (let pair = 0; pair < pairs; pair += 1) {
    const place = required(places[random.below(places.length)]);
    checksum = addToChecksum(checksum, Number(required(models[place.slot]).remove(place.id) ?? 0));
    place.id = book(place.slot);
  }
  return checksum;
}

/**
 * Measures one kind of traffic.
 * @throws Error when an answer is wrong
 */
export function runTraffic(traffic: Traffic): TrafficResult {
  const { pairs, lookups, compare } = traffic;
  const run = new TrafficRun(traffic);
  const warmUp = Math.ceil(pairs / 2);
  run.mixed(warmUp);
  collectGarbage();
  const operationNs = run.mixed(pairs);
  if (compare && run.checksum !== modelChecksum(traffic, warmUp + pairs))
    throw new Error('An answer of the engine does not agree with the rules.');
  run.positions(lookups);
  const positionNs = run.positions(lookups);
  run.checkBoards();
  const compared = compare ? traffic.length * traffic.slots + 2 * (warmUp + pairs) : 0;
  return { operationNs, positionNs, checksum: run.checksum, compared };
}

if (process.send !== undefined && import.meta.main) serveTask(runTraffic);
