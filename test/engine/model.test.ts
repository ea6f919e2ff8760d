import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CLASSES, type AllocationEngine, type SlotFacts } from '../../src/engine/index.ts';
import { found, NOW } from '../support/clinic.ts';
import {
  HISTORY_RULES,
  histories,
  opened,
  perform,
  SLOTS,
  tokenOf,
  type Action,
} from '../support/history.ts';
import { ModelSlot } from '../support/model.ts';
import { rerun, seed } from '../support/seed.ts';

type Answer = { readonly refusal: object } | { readonly changes: readonly object[] };
type Leave = Exclude<Action, { kind: 'book' }>;
type BookAction = Extract<Action, { kind: 'book' }>;

/** What the model slots say that the engine answers: books and counters around the one sentence. */
class Expected {
  readonly slots = SLOTS.map((facts) => ({ facts, model: new ModelSlot(facts.capacity) }));
  readonly #counts = new Map<string, number>();
  readonly #patients = new Map<string, number | null>();

  constructor(engine: AllocationEngine) {
    for (const { facts, version } of engine.doctors)
      this.#counts.set(`version ${facts.id}`, version);
  }

  answer(action: Action, index: number): Answer {
    const id = tokenOf(action, index);
    return action.kind === 'book' ? this.#book(action, id, index) : this.#leave(action, id, index);
  }

  #book({ slot, type, patient }: BookAction, id: string, index: number): Answer {
    const { facts, model } = found(this.slots[slot]);
    const first = model.live.find((claim) => this.#patients.get(claim.id) === patient);
    if (first !== undefined && patient !== null)
      return { refusal: { code: 'duplicate_booking', tokenId: first.id } };
    const { priority } = found(DEFAULT_CLASSES.find((known) => known.type === type));
    const arrival = (this.#counts.get(`arrival ${facts.doctorId}`) ?? 0) + 1;
    const bumped = model.add({ id, priority, arrival });
    const isSeated = model.seated.includes(id);
    if (!isSeated && model.waiting.length > HISTORY_RULES.waitlistMax) {
      model.remove(id);
      return { refusal: { code: 'waitlist_full' } };
    }
    this.#patients.set(id, patient);
    const booked = {
      patientName: 'somebody',
      patientId: patient === null ? null : `p${patient}`,
      patientType: type,
      arrival: this.#next(`arrival ${facts.doctorId}`),
      number: this.#next(`number ${facts.doctorId} ${facts.date}`),
      to: isSeated ? 'BOOKED' : 'WAITING',
      present: false,
    };
    const bump = { kind: 'bumped', tokenId: bumped, from: 'BOOKED', to: 'WAITING', cause: id };
    const changes = [
      ...(bumped === null ? [] : [bump]),
      { kind: 'booked', tokenId: id, ...booked },
    ];
    return this.#recorded(facts, index, changes);
  }

  #leave({ kind }: Leave, id: string, index: number): Answer {
    const slot = this.slots.find(({ model }) => model.live.some((claim) => claim.id === id));
    if (slot === undefined) return { refusal: { code: 'token_not_found' } };
    const { facts, model } = slot;
    const from = model.seated.includes(id) ? 'BOOKED' : 'WAITING';
    const allowed = ['BOOKED', 'CANCELLED', 'EXPIRED'];
    if (from === 'WAITING' && kind === 'noShow')
      return { refusal: { code: 'invalid_transition', from, allowed } };
    const promoted = model.remove(id);
    const how =
      kind === 'cancel'
        ? { kind: 'cancelled', to: 'CANCELLED' }
        : { kind: 'no_show', to: 'NO_SHOW' };
    const left = { ...how, tokenId: id, from, cause: null };
    const rise = { kind: 'promoted', tokenId: promoted, from: 'WAITING', to: 'BOOKED', cause: id };
    return this.#recorded(facts, index, promoted === null ? [left] : [left, rise]);
  }

  #recorded({ doctorId, id }: SlotFacts, index: number, changes: readonly object[]): Answer {
    const envelope = { doctorId, slotId: id, at: NOW + index };
    const version = () => this.#next(`version ${doctorId}`);
    return { changes: changes.map((change) => ({ ...envelope, ...change, version: version() })) };
  }

  #next(counter: string): number {
    const count = (this.#counts.get(counter) ?? 0) + 1;
    this.#counts.set(counter, count);
    return count;
  }
}

const boardOf = (engine: AllocationEngine, { id }: SlotFacts): object => {
  const slot = found(engine.slot(id));
  const waitlist = slot.waitlist();
  return {
    seated: slot.seatedTokens().map((token) => token.id),
    waiting: waitlist.map((token) => token.id),
    positions: waitlist.map((token) => slot.waitlistPositionOf(token)),
    counts: [slot.seated, slot.waiting, slot.seatsLeft, slot.isEmpty],
  };
};

const modelBoard = ({ capacity, live, seated, waiting }: ModelSlot): object => ({
  seated,
  waiting,
  positions: waiting.map((_, index) => index + 1),
  counts: [seated.length, waiting.length, capacity - seated.length, live.length === 0],
});

describe('the first `capacity` by rank are seated, the rest wait', () => {
  it(`after every command of any history ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const { engine } = opened();
      const expected = new Expected(engine);
      for (const [index, action] of history.entries()) {
        const outcome = perform(engine, action, index);
        const answer = outcome.ok ? { changes: outcome.changes } : { refusal: outcome.refusal };
        expect(answer).toEqual(expected.answer(action, index));
        for (const { facts, model } of expected.slots)
          expect(boardOf(engine, facts)).toEqual(modelBoard(model));
      }
    });
    fc.assert(property, { seed, numRuns: 2_000 });
  });
});
