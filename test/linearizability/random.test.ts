import fc from 'fast-check';
import { expect, it } from 'vitest';
import { found } from '../support/engine/clinic.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import { DoctorModel, lastNumber } from '../support/linearizability/linear-doctor.ts';
import { faultOf, type Operation } from '../support/linearizability/linearizability.ts';
import {
  CLASSES,
  SMALL_DAY,
  type DoctorRequest,
  type LinearDay,
} from '../support/linearizability/linear-request.ts';
import type { Model } from '../support/model/model.ts';
import { rerun, seed } from '../support/seed.ts';

// Histories that are linearizable because they are made one request after another and then stretched in time, and the
// same histories with one answer of another moment.

/** One seat and one place on the waitlist, so that a few operations fill them. */
const NARROW: LinearDay = { slots: [{ id: 'one', capacity: 1 }], rooms: 1, waitlistMax: 1 };

/** A request that is completed when the state is known. */
interface Plan {
  readonly kind: DoctorRequest['kind'];
  readonly pick: number;
  /** How many turns before its own turn it is sent, and how many turns after it is answered. */
  readonly before: number;
  readonly after: number;
  readonly isAnswered: boolean;
}

/** The kinds of request, the more frequent ones several times. */
const KINDS: readonly DoctorRequest['kind'][] = [
  ...([
    'book',
    'book',
    'book',
    'book',
    'cancel',
    'cancel',
    'checkIn',
    'checkIn',
    'checkIn',
  ] as const),
  ...(['callNext', 'callNext', 'start', 'skip', 'skip', 'complete', 'noShow', 'move'] as const),
  ...(['undo', 'undo', 'undo', 'closeSlot', 'reopenSlot', 'reopenSlot'] as const),
  ...(['token', 'slot', 'queue', 'queue', 'schedule'] as const),
];

const planned = (width: number): fc.Arbitrary<Plan> =>
  fc.record({
    kind: fc.constantFrom(...KINDS),
    pick: fc.nat(9_999),
    before: fc.double({ min: 0, max: width, noNaN: true }),
    after: fc.double({ min: 0, max: width, noNaN: true }),
    isAnswered: fc.integer({ min: 0, max: 5 }).map((dice) => dice > 0),
  });

function requestOf(
  { kind, pick }: Plan,
  turn: number,
  last: number,
  day: LinearDay,
): DoctorRequest {
  const slot = pick % day.slots.length;
  // One of the latest tokens, or the token after the last one, which was never booked.
  const token = Math.max(1, last + 1 - (pick % 8));
  const room = pick % 3 === 0 ? 'A' : null;
  switch (kind) {
    case 'schedule':
    case 'queue':
      return { kind };
    case 'slot':
    case 'reopenSlot':
      return { kind, slot };
    case 'closeSlot':
      return { kind, slot, moveTo: pick % 2 === 0 ? null : (slot + 1) % day.slots.length };
    case 'callNext': {
      const current = found((['completed', 'skipped', null] as const)[pick % 3]);
      return { kind, slot: pick % 5 === 0 ? slot : null, room, current };
    }
    case 'book': {
      const patient = pick % 3 === 0 ? pick % 2 : null;
      return { kind, slot, name: `p${turn}`, type: found(CLASSES[pick % CLASSES.length]), patient };
    }
    case 'start':
      return { kind, token, room };
    case 'move':
      return { kind, token, slot };
    default:
      return { kind, token };
  }
}

interface History {
  readonly operations: readonly Operation<DoctorRequest>[];
  /** The states between the turns. */
  readonly states: readonly Model[];
}

/** A history of one request a turn. An unanswered request takes effect in its turn, or never. */
function historyOf(plans: readonly Plan[], day: LinearDay): History {
  const model = new DoctorModel(day);
  const states = [model.initial];
  const operations = plans.map((plan, turn): Operation<DoctorRequest> => {
    const state = found(states.at(-1));
    const request = requestOf(plan, turn, lastNumber(state), day);
    const step = model.apply(state, request);
    const isLost = !plan.isAnswered && plan.pick % 2 === 0;
    states.push(isLost ? state : step.state);
    const answered = plan.isAnswered ? { at: turn + plan.after, text: step.answer } : null;
    return { client: turn % 8, invoked: turn - plan.before, request, answered };
  });
  return { operations, states };
}

/** The history with one answer replaced by that of another moment. */
function falsified({ operations, states }: History, which: number, when: number, day: LinearDay) {
  const index = which % operations.length;
  const { answered, request, ...rest } = found(operations[index]);
  if (answered === null) return operations;
  const state = found(states[when % states.length]);
  const { answer } = new DoctorModel(day).apply(state, request);
  return operations.with(index, { ...rest, request, answered: { ...answered, text: answer } });
}

/** The definition of linearizability, tried directly: an order that respects the times and gives the answers. */
function isLinearizable(
  left: readonly Operation<DoctorRequest>[],
  model: DoctorModel,
  state: Model = model.initial,
): boolean {
  if (left.every(({ answered }) => answered === null)) return true;
  return left.some((operation, index) => {
    const rest = left.toSpliced(index, 1);
    const { invoked, request, answered } = operation;
    if (rest.some((other) => other.answered !== null && other.answered.at < invoked)) return false;
    const step = model.apply(state, request);
    const fits = answered === null || step.answer === answered.text;
    return fits && isLinearizable(rest, model, step.state);
  });
}

it(`accepts every sequential history, also when it is stretched in time ${rerun}`, () => {
  const plans = fc.array(planned(4), { maxLength: 60 });
  fc.assert(
    fc.property(plans, (plan) => {
      const { operations } = historyOf(plan, SMALL_DAY);
      expect(faultOf(operations, new DoctorModel(SMALL_DAY))).toBe(null);
    }),
    { seed, numRuns: 300 },
  );
});

it(`agrees with a search of all orders about small histories, true and falsified ${rerun}`, () => {
  const plans = fc.array(planned(3), { minLength: 1, maxLength: 7 });
  const verdicts = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(plans, fc.nat(99), fc.nat(99), (plan, which, when) => {
      const operations = falsified(historyOf(plan, NARROW), which, when, NARROW);
      const isRight = isLinearizable(operations, new DoctorModel(NARROW));
      expect(faultOf(operations, new DoctorModel(NARROW)) === null).toBe(isRight);
      verdicts[isRight ? 'accepted' : 'refused'] += 1;
    }),
    { seed, numRuns: 2_000 },
  );
  // Both verdicts must come up, because otherwise the comparison proves little.
  expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(200);
});

it(`decides about 340 operations of 8 clients, of which 6 at the same time have no answer ${rerun}`, () => {
  const random = randomFrom(seed);
  // Each client has every eighth turn, so its operations never overlap with less than four turns on either side.
  const plans = Array.from({ length: 340 }, (_, turn) => ({
    kind: found(KINDS[Math.floor(random() * KINDS.length)]),
    pick: Math.floor(random() * 10_000),
    before: random() * 3.9,
    after: random() * 3.9,
    isAnswered: turn < 170 || turn >= 176,
  }));
  const history = historyOf(plans, SMALL_DAY);
  expect(faultOf(history.operations, new DoctorModel(SMALL_DAY))).toBe(null);
  // An old answer is right if the queue was the same 50 turns before. Then the next read of the queue is falsified.
  const queues = plans.flatMap(({ kind }, turn) => (kind === 'queue' && turn >= 50 ? [turn] : []));
  const faults = queues
    .values()
    .map((turn) => falsified(history, turn, turn - 50, SMALL_DAY))
    .map((lying) => faultOf(lying, new DoctorModel(SMALL_DAY)));
  expect(faults.find((fault) => fault !== null)).toContain('queue');
});
