import {
  endsAt,
  slotId,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorPlan,
  type EpochMs,
  type LocalDate,
  type SlotFacts,
  type SlotId,
} from '../engine/index.ts';
import type { SessionOfDoctor } from '../store/index.ts';
import { slotOn, slotsOf } from './calendar.ts';

export interface PlanDeps {
  readonly engine: AllocationEngine;
  readonly clock: () => EpochMs;
  /** Days ahead for which the slots of the sessions are opened. */
  readonly horizonDays: number;
}

/**
 * A doctor with the slots that the sessions yield: those from now to the horizon, and on the date of each slot that
 * exists and has not ended the one that its session yields there now. Leaves are not considered, because the engine
 * knows them.
 * @param isWanted on which dates
 */
export function planOf(
  { engine, clock, horizonDays }: PlanDeps,
  facts: DoctorFacts,
  isWanted?: (date: LocalDate) => boolean,
): DoctorPlan {
  const { graceMinutes } = engine.rules;
  const at = clock();
  const ahead = slotsOf(facts, at, { horizonDays, graceMinutes }, isWanted);
  const ids = new Set(ahead.map(({ id }) => id));
  const others = (engine.doctor(facts.id)?.slots ?? []).flatMap((slot): SlotFacts[] => {
    const { id, sessionId, date } = slot.facts;
    const isCompared = !ids.has(id) && at < endsAt(slot.facts, graceMinutes);
    const session = facts.sessions.find((each) => each.id === sessionId);
    if (!isCompared || session === undefined || isWanted?.(date) === false) return [];
    return [slotOn(facts, session, date) ?? []].flat();
  });
  return { facts, planned: [...ahead, ...others] };
}

/** The ids of the slots that a plan may change: its slots, and past slots with an id that its sessions would take. */
export const slotIdsOf = ({ facts, planned }: DoctorPlan): SlotId[] => [
  ...planned.map(({ id }) => id),
  ...facts.sessions.map(({ id }) => slotId(id)),
];

/** The sessions that a plan gives to its doctor. */
export const sessionsOf = ({ facts }: DoctorPlan): SessionOfDoctor[] =>
  facts.sessions.map(({ id }) => ({ id, doctorId: facts.id }));
