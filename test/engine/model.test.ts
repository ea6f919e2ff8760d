import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callingOrderOf,
  doctorId,
  ENGINE_REFUSALS,
  TRANSITIONS,
  type AllocationEngine,
  type EpochMs,
  type SlotFacts,
  type Token,
} from '../../src/engine/index.ts';
import { found, NOW } from '../support/engine/clinic.ts';
import {
  CLINIC,
  dateOf,
  DOCTORS,
  fixedHistories,
  histories,
  opened,
  perform,
  type Action,
} from '../support/model/history.ts';
import {
  answerOf,
  callingOrder,
  inConsultationWith,
  slotsOfDay,
} from '../support/model/model-desk.ts';
import { mayBump, Model, type Claim } from '../support/model/model.ts';
import { rerun, seed } from '../support/seed.ts';

const engineBoard = (engine: AllocationEngine, { id }: SlotFacts): object => {
  const slot = found(engine.slot(id));
  const waitlist = slot.waitlist();
  return {
    facts: slot.facts,
    tokens: slot.tokens().map(describeToken),
    over: Array.from(slot.over(), describeToken).sort(),
    positions: waitlist.map((token) => [token.id, slot.waitlistPositionOf(token)]),
    counts: [slot.seated, slot.waiting, slot.seatsLeft, slot.unbumpableSeats, slot.isEmpty],
    next: slot.nextWaiting()?.id,
  };
};

const describeToken = (token: Token): string =>
  factsOf(
    token.id,
    token.patientName,
    token.patientId,
    token.status,
    token.hasCheckedIn,
    token.room,
    token.last.kind,
  );

const describeClaim = (claim: Claim): string =>
  factsOf(
    claim.id,
    claim.name,
    claim.patient,
    claim.status,
    claim.hasCheckedIn,
    claim.room,
    claim.last.kind,
  );

const factsOf = (...facts: readonly unknown[]): string => facts.map(String).join(' ');

const engineDay = (engine: AllocationEngine, doctor: string, at: EpochMs): object => {
  const { inConsultation, toCall, skipped } = callingOrderOf(
    engine,
    found(engine.doctor(doctorId(doctor))),
    dateOf(at),
    at,
  );
  return [inConsultation, toCall, skipped].map((tokens) => tokens.map(({ id }) => id));
};

const modelDay = (model: Model, doctor: string, at: EpochMs): object => {
  const slots = slotsOfDay(model, doctor, at);
  const skipped = slots.flatMap((slot) =>
    model.claimsIn(slot).filter(({ status }) => status === 'SKIPPED'),
  );
  const lists = [inConsultationWith(model, doctor, at), callingOrder(model, slots), skipped];
  return lists.map((claims) => claims.map(({ id }) => id));
};

const modelBoard = (model: Model, facts: SlotFacts): object => {
  const tokens = model.claimsIn(facts);
  const [seated, waiting] = [model.seated(facts), model.waiting(facts)];
  const done = seated.filter(({ status }) => status === 'COMPLETED');
  const withDoctor = seated.filter(({ status }) => status === 'IN_CONSULTATION');
  const unbumpable = done.length + withDoctor.length;
  return {
    facts,
    tokens: tokens.map(describeClaim),
    over: model.over
      .filter(({ slot }) => slot === facts.id)
      .map(describeClaim)
      .sort(),
    positions: waiting.map(({ id }, index) => [id, index + 1]),
    counts: [
      seated.length,
      waiting.length,
      facts.capacity - seated.length,
      unbumpable,
      tokens.length === 0,
    ],
    next: waiting[0]?.id,
  };
};

/** Calls `expect` only for a difference, because 100,000 calls cost seconds. */
const expectEqual = (actual: object, expected: object): void => {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected);
};

/** The rules that this state breaks, independent of the model's answers. */
function brokenRules(model: Model, facts: SlotFacts): string[] {
  const [seated, waiting] = [model.seated(facts), model.waiting(facts)];
  if (seated.length > facts.capacity) return ['R1'];
  if (!model.isOpen(facts) || waiting.length === 0) return [];
  if (seated.length < facts.capacity) return ['R5'];
  const mayTakeSeat = (waiter: Claim) => seated.some((other) => mayBump(waiter, other));
  return waiting.some(mayTakeSeat) ? ['R8'] : [];
}

const idsOf = (tokens: Iterable<{ readonly id: string }>): string[] =>
  Array.from(tokens, ({ id }) => id).sort();

/** Plays a history on the engine and the model, and compares them. Returns the kinds and codes that came up. */
function expectSame(history: readonly Action[]): string[] {
  const { engine } = opened();
  const versions = new Map([...engine.doctors].map(({ facts, version }) => [facts.id, version]));
  const model = new Model(CLINIC, versions, NOW);
  return history.flatMap((action) => {
    const outcome = perform(engine, action);
    const answer = outcome.ok ? { changes: outcome.changes } : { refusal: outcome.refusal };
    expectEqual(answer, answerOf(model, action));
    expectEqual(idsOf(engine.tokens), idsOf(model.claims));
    const slots = [...model.slots.values()];
    const boards = slots.map((facts) => engineBoard(engine, facts));
    expectEqual(
      boards,
      slots.map((facts) => modelBoard(model, facts)),
    );
    for (const { id } of DOCTORS)
      expectEqual(engineDay(engine, id, action.at), modelDay(model, id, action.at));
    expectEqual(
      slots.flatMap((facts) => brokenRules(model, facts)),
      [],
    );
    return outcome.ok ? outcome.changes.map(({ kind }) => kind) : [outcome.refusal.code];
  });
}

const byPlainRank = (a: Token, b: Token): number =>
  b.patientClass.priority - a.patientClass.priority || a.arrival - b.arrival;

/** The commands after which rank alone decides: no check-in, no kept arrival of a closing, no new class. */
const PLAIN = ['book', 'cancel', 'noShow', 'move', 'reviseSlot', 'delayDay', 'advanceTime'];

describe('the engine answers as the rules read', () => {
  it(`after every command of any history ${rerun}`, () => {
    const seen = new Set<string>();
    const property = fc.property(histories, (history) => {
      for (const name of expectSame(history)) seen.add(name);
    });
    fc.assert(property, { seed, numRuns: 2_000, examples: fixedHistories() });
    // The fixed histories reach every kind of change and every refusal, except two that they cannot ask for.
    const others = [
      'moved_out',
      'moved_in',
      'reclassified',
      'slot_set',
      'break_set',
      'undone',
      'corrected',
    ];
    const entries = ['booked', ...others];
    const codes = ENGINE_REFUSALS.filter(
      (code) =>
        !['doctor_not_found', 'leave_not_found', 'doctor_in_use', 'id_taken'].includes(code),
    );
    expect([...seen].sort()).toEqual([...entries, ...Object.keys(TRANSITIONS), ...codes].sort());
  });

  it(`and while no patient has checked in, the first by rank are seated and the rest wait (R1 to R8) ${rerun}`, () => {
    const property = fc.property(histories, (history) => {
      const { engine } = opened();
      for (const action of history.filter(({ kind }) => PLAIN.includes(kind))) {
        perform(engine, action);
        for (const { slots } of engine.doctors)
          for (const slot of slots) {
            if (engine.hasEnded(slot, action.at)) continue;
            const tokens = [...slot.waitlist(), ...slot.seatedTokens()].sort(byPlainRank);
            const statuses = tokens.map(({ status }) => status);
            const seats = slot.facts.capacity;
            expectEqual(
              statuses,
              tokens.map((_, place) => (place < seats ? 'BOOKED' : 'WAITING')),
            );
          }
      }
    });
    fc.assert(property, { seed, numRuns: 500 });
  });
});
