import fc from 'fast-check';
import { expect, it } from 'vitest';
import { found } from '../support/engine/clinic.ts';
import { randomFrom } from '../support/engine/line-pair.ts';
import {
  CLASSES,
  DoctorModel,
  type DoctorRequest,
  type DoctorState,
  SMALL_DAY,
  type LinearDay,
} from '../support/linearizability/linear-doctor.ts';
import { dayFaultOf } from '../support/linearizability/linear-evidence.ts';
import { faultOf, type Operation } from '../support/linearizability/linearizability.ts';
import { rerun, seed } from '../support/seed.ts';

// Histories that are linearizable because they were made one after the other, and then stretched in time; and the same
// with an answer of another moment.

/** So few places that few operations meet in them. */
const NARROW: LinearDay = { slots: [{ id: 'one', capacity: 1 }], waitlistMax: 1 };

/** What is going to be asked when it is known what there is. */
interface Plan {
  readonly ask: DoctorRequest['ask'];
  readonly pick: number;
  /** How long before its turn it is sent, and how long after its turn it is answered, in turns. */
  readonly before: number;
  readonly after: number;
  readonly isAnswered: boolean;
}

const planned = (width: number): fc.Arbitrary<Plan> =>
  fc.record({
    ask: fc.constantFrom('book', 'book', 'book', 'cancel', 'cancel', 'token', 'schedule'),
    pick: fc.nat(9_999),
    before: fc.double({ min: 0, max: width, noNaN: true }),
    after: fc.double({ min: 0, max: width, noNaN: true }),
    isAnswered: fc.integer({ min: 0, max: 5 }).map((dice) => dice > 0),
  });

function requestOf({ ask, pick }: Plan, turn: number, last: number, day: LinearDay): DoctorRequest {
  if (ask === 'schedule') return { ask };
  // One token in so many that was never given.
  if (ask !== 'book') return { ask, token: 1 + (pick % (last + 1)) };
  const slot = found(day.slots[pick % day.slots.length]).id;
  const patient = pick % 3 === 0 ? `regular${pick % 2}` : null;
  return { ask, slot, name: `p${turn}`, type: found(CLASSES[pick % CLASSES.length]), patient };
}

interface History {
  readonly operations: readonly Operation<DoctorRequest>[];
  /** The states between the turns. */
  readonly states: readonly DoctorState[];
}

/** One turn after the other; an unanswered one takes effect in its turn, or never. */
function historyOf(plans: readonly Plan[], day: LinearDay): History {
  const model = new DoctorModel(day);
  const states = [model.initial];
  const operations = plans.map((plan, turn): Operation<DoctorRequest> => {
    const state = found(states.at(-1));
    const request = requestOf(plan, turn, state.last, day);
    const step = found(model.apply(state, request) ?? undefined);
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
  const { answer } = found(new DoctorModel(day).apply(state, request) ?? undefined);
  return operations.with(index, { ...rest, request, answered: { ...answered, text: answer } });
}

/** The definition, tried out: some order of all that keeps the order of time and gives the answers. */
function isLinearizable(
  left: readonly Operation<DoctorRequest>[],
  model: DoctorModel,
  state: DoctorState = model.initial,
): boolean {
  if (left.every(({ answered }) => answered === null)) return true;
  return left.some((operation, index) => {
    const rest = left.toSpliced(index, 1);
    const { invoked, request, answered } = operation;
    if (rest.some((other) => other.answered !== null && other.answered.at < invoked)) return false;
    const step = model.apply(state, request);
    const fits = step !== null && (answered === null || step.answer === answered.text);
    return fits && isLinearizable(rest, model, step.state);
  });
}

it(`accepts whatever was one after the other, however it is stretched ${rerun}`, () => {
  const plans = fc.array(planned(4), { maxLength: 60 });
  fc.assert(
    fc.property(plans, (plan) => {
      const { operations } = historyOf(plan, SMALL_DAY);
      expect(faultOf(operations, new DoctorModel(SMALL_DAY))).toBe(null);
      expect(dayFaultOf(operations, SMALL_DAY)).toBe(null);
    }),
    { seed, numRuns: 300 },
  );
});

it(`judges small histories, true and falsified, as a search of all orders does ${rerun}`, () => {
  const plans = fc.array(planned(3), { minLength: 1, maxLength: 7 });
  const verdicts = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(plans, fc.nat(99), fc.nat(99), (plan, which, when) => {
      const operations = falsified(historyOf(plan, NARROW), which, when, NARROW);
      const isRight = isLinearizable(operations, new DoctorModel(NARROW));
      expect(faultOf(operations, new DoctorModel(NARROW)) === null).toBe(isRight);
      expect(dayFaultOf(operations, NARROW) === null).toBe(isRight);
      verdicts[isRight ? 'accepted' : 'refused'] += 1;
    }),
    { seed, numRuns: 2_000 },
  );
  // Both verdicts come up, or the comparison says little.
  expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(200);
});

it(`judges 2,000 operations of 8 clients on 4 slots ${rerun}`, () => {
  const random = randomFrom(seed);
  const asks = ['book', 'book', 'book', 'cancel', 'cancel', 'token', 'schedule'] as const;
  // With less than four turns on either side no two operations of one client overlap.
  const plans = Array.from({ length: 2_000 }, (_, turn) => ({
    ask: found(asks[Math.floor(random() * asks.length)]),
    pick: Math.floor(random() * 10_000),
    before: random() * 3.9,
    after: random() * 3.9,
    isAnswered: turn % 200 > 0,
  }));
  const day = { ...SMALL_DAY, waitlistMax: 1_000 };
  const history = historyOf(plans, day);
  expect(dayFaultOf(history.operations, day)).toBe(null);
  const stale = plans.findLastIndex(({ ask }) => ask === 'schedule');
  const lying = falsified(history, stale, stale - 50, day);
  expect(dayFaultOf(lying, day)).toContain('schedule');
});
