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
  /** Days ahead for which the slots of the sessions are opened. */
  readonly horizonDays: number;
}

/** A doctor with the slots that its sessions have from now to the horizon. */
export function planOf({ engine, clock, horizonDays }: PlanDeps, facts: DoctorFacts): DoctorPlan {
  const { graceMinutes } = engine.rules;
  return { facts, planned: slotsOf(facts, clock(), { horizonDays, graceMinutes }) };
}

/** The ids of the slots that a plan may change: its slots, and past slots with an id that its sessions would take. */
export const slotIdsOf = ({ facts, planned }: DoctorPlan): SlotId[] => [
  ...planned.map(({ id }) => id),
  ...facts.sessions.map(({ id }) => slotId(id)),
];
