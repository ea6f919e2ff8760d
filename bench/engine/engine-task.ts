import { holdsSeat, type Token } from '../../src/engine/index.ts';
import { collectGarbage, serveTask } from '../lib/child.ts';
import { accepted, anyClass, Clinic, fold, must } from '../lib/engine-clinic.ts';
import { ModelSlot, type Claim } from '../lib/model.ts';
import { boardOf } from '../lib/one-sentence.ts';
import { Random } from '../lib/random.ts';

/** Slots of equal length under a steady coming and going. */
export interface Traffic {
  /** Live tokens a slot, half of them seated. */
  readonly length: number;
  readonly slots: number;
  /** Pairs of a cancel and a booking. */
  readonly pairs: number;
  /** Position look-ups. */
  readonly lookups: number;
  /** Whether every answer is compared with the model: slow on long slots. */
  readonly compare: boolean;
}

export interface TrafficResult {
  /** Of one cancel or booking: changes, ids and all. */
  readonly operationNs: number;
  readonly positionNs: number;
  /** Of all answers: who was seated, bumped and promoted. */
  readonly checksum: number;
  /** Answers that were compared with the model one by one. */
  readonly compared: number;
}

interface Place {
  token: Token;
  readonly slot: number;
}

const SEED = 20_260_105;

class Run {
  readonly #traffic: Traffic;
  readonly #clinic: Clinic;
  readonly #places: Place[];
  readonly #random = new Random(SEED);
  checksum = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
    const { length, slots } = traffic;
    this.#clinic = new Clinic({ slots, capacity: length / 2 });
    // Round by round over the slots: neighbours in a slot are no neighbours in memory, as in a real day.
    const order = Array.from({ length: length * slots }, (_, index) => index % slots);
    this.#places = order.map((slot) => ({ token: this.#book(slot), slot }));
  }

  #book(slot: number): Token {
    const facts = must(this.#clinic.slots[slot]);
    const { type } = anyClass(this.#random);
    const outcome = accepted(this.#clinic.engine.book(this.#clinic.booking(facts, type)));
    const { token, bumped } = outcome;
    this.checksum = fold(this.checksum, holdsSeat(token.status) ? 1 : 0);
    this.checksum = fold(this.checksum, bumped?.arrival ?? 0);
    return token;
  }

  /** Nanoseconds a cancel or booking. Each pair leaves its slot as long as it was. */
  mixed(pairs: number): number {
    const { engine, now: at } = this.#clinic;
    const start = performance.now();
    for (let pair = 0; pair < pairs; pair += 1) {
      const place = must(this.#places[this.#random.below(this.#places.length)]);
      const { promoted } = accepted(engine.cancel({ tokenId: place.token.id, at }));
      this.checksum = fold(this.checksum, promoted?.arrival ?? 0);
      place.token = this.#book(place.slot);
    }
    return ((performance.now() - start) * 1e6) / (2 * pairs);
  }

  /** Nanoseconds to find a token by its id and its place on the waitlist. */
  positions(lookups: number): number {
    const start = performance.now();
    for (let lookup = 0; lookup < lookups; lookup += 1) {
      const { id } = must(this.#places[this.#random.below(this.#places.length)]).token;
      const token = must(this.#clinic.engine.token(id));
      this.checksum = fold(this.checksum, token.slot.waitlistPositionOf(token) ?? 0);
    }
    return ((performance.now() - start) * 1e6) / lookups;
  }

  /** Every slot's end board against the one sentence, positions included. */
  checkBoards(): void {
    const placesOf = Map.groupBy(this.#places, ({ slot }) => slot);
    for (const [index, places] of placesOf) {
      const live = places.map(({ token }) => ({
        priority: token.patientClass.priority,
        arrival: token.arrival,
        token,
      }));
      const { seated, waiting } = boardOf(live, this.#traffic.length / 2);
      const slot = must(this.#clinic.engine.slot(must(this.#clinic.slots[index]).id));
      const isRight =
        sameTokens(seated, slot.seatedTokens()) &&
        sameTokens(waiting, slot.waitlist()) &&
        waiting.every(({ token }, place) => slot.waitlistPositionOf(token) === place + 1);
      if (!isRight) throw new Error(`The board of slot ${index} is not what the rules say.`);
    }
  }
}

const sameTokens = (model: readonly { token: Token }[], board: readonly Token[]): boolean =>
  model.length === board.length && model.every(({ token }, index) => token === board[index]);

/** The checksum that the same traffic has in the model: fill, then pairs. */
function modelChecksum({ length, slots }: Traffic, pairs: number): number {
  const random = new Random(SEED);
  const { slots: facts } = new Clinic({ slots, capacity: 1 });
  const models = facts.map(() => new ModelSlot(length / 2));
  const arrivals = new Map<string, number>();
  let checksum = 0;
  const book = (slot: number): string => {
    const { doctorId } = must(facts[slot]);
    const arrival = (arrivals.get(doctorId) ?? 0) + 1;
    arrivals.set(doctorId, arrival);
    const claim: Claim = {
      id: String(arrival),
      priority: anyClass(random).priority,
      arrival,
    };
    const { position, bumped } = must(models[slot]).add(claim);
    checksum = fold(fold(checksum, position === null ? 1 : 0), Number(bumped ?? 0));
    return claim.id;
  };
  const places = Array.from({ length: length * slots }, (_, index) => ({
    slot: index % slots,
    id: book(index % slots),
  }));
  for (let pair = 0; pair < pairs; pair += 1) {
    const place = must(places[random.below(places.length)]);
    checksum = fold(checksum, Number(must(models[place.slot]).remove(place.id) ?? 0));
    place.id = book(place.slot);
  }
  return checksum;
}

/** Runs one traffic; throws when an answer is wrong. */
export function runTraffic(traffic: Traffic): TrafficResult {
  const { pairs, lookups, compare } = traffic;
  const run = new Run(traffic);
  const warmUp = Math.ceil(pairs / 2);
  run.mixed(warmUp);
  collectGarbage();
  const operationNs = run.mixed(pairs);
  if (compare && run.checksum !== modelChecksum(traffic, warmUp + pairs))
    throw new Error('An answer of the engine is not what the rules say.');
  run.positions(lookups);
  const positionNs = run.positions(lookups);
  run.checkBoards();
  const compared = compare ? traffic.length * traffic.slots + 2 * (warmUp + pairs) : 0;
  return { operationNs, positionNs, checksum: run.checksum, compared };
}

if (process.send !== undefined && import.meta.main) serveTask(runTraffic);
