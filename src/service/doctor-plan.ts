import {
  slotId,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorPlan,
  type EpochMs,
  type SlotId,
} from '../engine/index.ts';
import { slotsOf } from './calendar.ts';

interface PlanDeps {
  readonly engine: AllocationEngine;
  readonly clock: () => EpochMs;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

/** A doctor with the slots that the sessions yield from now to the horizon. */
export function planOf({ engine, clock, horizonDays }: PlanDeps, facts: DoctorFacts): DoctorPlan {
  const { graceMinutes } = engine.rules;
  return { facts, planned: slotsOf(facts, clock(), { horizonDays, graceMinutes }) };
}

/** What a plan touches: its slots, and slots over and gone from memory whose ids its sessions would take. */
export const slotIdsOf = ({ facts, planned }: DoctorPlan): SlotId[] => [
  ...planned.map(({ id }) => id),
  ...facts.sessions.map(({ id }) => slotId(id)),
];
