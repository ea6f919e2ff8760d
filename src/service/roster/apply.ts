import { setImmediate } from 'node:timers/promises';
import {
  AllocationEngine,
  HOSPITAL,
  doctorId,
  endsAt,
  epochMs,
  invariant,
  slotId,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type DoctorPlan,
  type EpochMs,
  type Outcome,
  type SlotFacts,
  type SlotId,
} from '../../engine/index.ts';
import type { Scope, Store } from '../../store/index.ts';
import { localDateAt } from '../calendar.ts';
import { planOf, sessionsOf, slotIdsOf } from '../doctor-plan.ts';
import { hospitalScope, putHolidays } from '../holidays.ts';
import { instantOf } from '../instant.ts';
import { demoDoctorsToRetire } from './demo.ts';
import { RosterError } from './error.ts';
import type { Roster } from './file.ts';
import { singleSlotOf } from './single-slot.ts';

export interface RosterDeps {
  readonly engine: AllocationEngine;
  readonly store: Pick<Store, 'transact'>;
  readonly clock: () => EpochMs;
  /** Days ahead for which the slots of the sessions are opened. */
  readonly horizonDays: number;
}

/** The origin of changes that the service makes by itself, without a command. */
export const SYSTEM = { actor: 'system', reason: null } as const;

/**
 * Sets up the doctors and single slots of a roster: all of them, or none if one cannot be set up. Single slots that
 * have ended are left out.
 * @returns the changes in order; none if the database has everything already
 * @throws RosterError in one sentence that names each doctor and slot that cannot be set up
 */
export async function applyRoster(deps: RosterDeps, roster: Roster): Promise<readonly Change[]> {
  const { engine, store, clock } = deps;
  // The clock is read before planning: if midnight passes during it, the next tick opens the slots of the new day.
  const now = clock();
  const made: MadePlan[] = [];
  for (const facts of roster.doctors) {
    made.push({ plan: planOf(deps, facts), version: engine.doctor(facts.id)?.version });
    // Planning thousands of doctors takes seconds, so that each one yields to the event loop: /health must answer.
    await setImmediate();
  }
  const scope = {
    ...scopeOf(engine, roster),
    slotIds: [
      ...made.flatMap(({ plan }) => slotIdsOf(plan)),
      ...roster.slots.map(({ id }) => slotId(id)),
    ],
    sessions: made.flatMap(({ plan }) => sessionsOf(plan)),
  };
  const { obstacles, changes } = await store.transact(scope, () => {
    const plans = made.map((each) => currentPlan(deps, each, roster));
    const singles = singleSlots(engine, roster, now);
    const obstacles = {
      sessions: takenSessions(engine, plans),
      slots: takenSlots(engine, plans, singles),
    };
    const isFree = obstacles.sessions.length + obstacles.slots.length === 0;
    const changes = isFree ? putAll(deps, { roster, plans, singles }, now) : [];
    return { changes, answer: { obstacles, changes }, origin: SYSTEM, response: null };
  });
  assertNone(obstacles);
  return changes;
}

/** A plan with the version of its doctor when it was made. */
interface MadePlan {
  readonly plan: DoctorPlan;
  readonly version: number | undefined;
}

/** The doctors that a roster touches: all, if it names the holidays or may replace the demo doctors. */
function scopeOf(engine: AllocationEngine, roster: Roster): Scope {
  if (roster.holidays !== undefined || demoDoctorsToRetire(engine, roster).length > 0) {
    const { doctorIds, ...scope } = hospitalScope(engine);
    return { ...scope, doctorIds: [...new Set([...doctorIds, ...doctorsOf(roster)])] };
  }
  return { doctorIds: [HOSPITAL, ...doctorsOf(roster)], isSetup: true };
}

const doctorsOf = (roster: Roster): Set<DoctorId> =>
  new Set([
    ...roster.doctors.map(({ id }) => id),
    ...roster.slots.map((slot) => doctorId(slot.doctor_id)),
  ]);

/**
 * A plan as it is now: with the leaves that the doctor has if the roster does not name them, and made anew if another
 * process has changed the doctor since it was made.
 */
function currentPlan(deps: RosterDeps, { plan, version }: MadePlan, roster: Roster): DoctorPlan {
  const { facts } = plan;
  const known = deps.engine.doctor(facts.id);
  const { planned } = known?.version === version ? plan : planOf(deps, facts);
  const hasLeaves = roster.withLeaves?.has(facts.id) === true;
  return { facts: hasLeaves ? facts : { ...facts, leaves: known?.facts.leaves ?? [] }, planned };
}

/** A single slot of a roster; its facts are undefined when its doctor is unknown. */
interface Single {
  readonly id: SlotId;
  readonly doctorId: string;
  readonly facts: SlotFacts | undefined;
}

/** The roster's single slots that have not ended. */
function singleSlots(engine: AllocationEngine, roster: Roster, now: EpochMs): Single[] {
  const doctors = new Map(roster.doctors.map((facts) => [facts.id, facts]));
  const factsOf = (id: string): DoctorFacts | undefined =>
    doctors.get(doctorId(id)) ?? engine.doctor(doctorId(id))?.facts;
  return roster.slots.flatMap((slot) => {
    const doctor = factsOf(slot.doctor_id);
    const facts = doctor && singleSlotOf(slot, doctor);
    const hasEnded = facts !== undefined && now >= endsAt(facts, engine.rules.graceMinutes);
    return hasEnded ? [] : [{ id: slotId(slot.id), doctorId: slot.doctor_id, facts }];
  });
}

const takenSessions = (engine: AllocationEngine, plans: readonly DoctorPlan[]): string[] =>
  engine
    .takenSessions(plans)
    .map(
      ({ doctorId, sessionIds }) =>
        `doctor ${doctorId}: session ids in use: ${sessionIds.join(', ')}`,
    );

function takenSlots(
  engine: AllocationEngine,
  plans: readonly DoctorPlan[],
  singles: readonly Single[],
): string[] {
  // This second engine has only the sessions of the roster, to find the ids that they take.
  const coming = new AllocationEngine(engine.rules);
  if (singles.length > 0) for (const { facts } of plans) coming.putDoctor(facts, [], epochMs(0));
  return singles.flatMap(({ id, doctorId, facts }) => {
    const known = engine.slot(id)?.facts;
    if (facts === undefined) return [`slot ${id}: there is no doctor ${doctorId}`];
    if (known?.sessionId === null)
      return sameSlot(known, facts) ? [] : [`slot ${id}: exists already, ${describe(known)}`];
    return engine.ids.isTaken(id) || coming.ids.isTaken(id)
      ? [`slot ${id}: the id belongs to a session`]
      : [];
  });
}

/** True if two slots have the same doctor and times. Seats, delay and closing may differ: the front desk changes them. */
const sameSlot = (a: SlotFacts, b: SlotFacts): boolean =>
  a.doctorId === b.doctorId && a.startTime === b.startTime && a.endTime === b.endTime;

const describe = ({ doctorId, startTime, endTime }: SlotFacts): string =>
  `of doctor ${doctorId} from ${instantOf(startTime)} to ${instantOf(endTime)}`;

/** What a roster sets up. */
interface SetUp {
  readonly roster: Roster;
  readonly plans: readonly DoctorPlan[];
  readonly singles: readonly Single[];
}

function putAll(deps: RosterDeps, { roster, plans, singles }: SetUp, at: EpochMs): Change[] {
  const { engine } = deps;
  // The demo doctors are found before the roster adds its own doctors.
  const leaving = demoDoctorsToRetire(engine, roster);
  const changesOf = (outcome: Outcome<unknown>): readonly Change[] => {
    invariant(outcome.ok, 'a doctor or slot without an obstacle can be set up');
    return outcome.changes;
  };
  const { holidays } = roster;
  return [
    ...(holidays === undefined ? [] : changesOf(putHolidays(deps, holidays, at))),
    ...leaving.flatMap((id) => changesOf(engine.retireDoctor(retirementOf(engine, id, at)))),
    ...plans.flatMap(({ facts, planned }) => changesOf(engine.putDoctor(facts, planned, at))),
    ...singles.flatMap(({ id, facts }) =>
      facts === undefined || engine.slot(id) !== undefined
        ? []
        : changesOf(engine.addSlot(facts, at)),
    ),
  ];
}

const retirementOf = (engine: AllocationEngine, id: DoctorId, at: EpochMs) => ({
  doctorId: id,
  today: localDateAt(at, engine.doctor(id)?.facts.timeZone ?? 'UTC'),
  at,
});

/** @throws RosterError when there is an obstacle */
function assertNone({ sessions, slots }: Readonly<Record<'sessions' | 'slots', string[]>>): void {
  if (sessions.length + slots.length === 0) return;
  const all = [...sessions, ...slots].join('; ');
  const advice =
    " These ids, or ids that begin with one of them and @, are in use by another doctor's sessions or by slots: give the sessions other ids.";
  throw new RosterError(
    `The roster cannot be applied, and nothing was changed: ${all}.${sessions.length > 0 ? advice : ''}`,
  );
}
