import {
  slotId,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorPlan,
  type EpochMs,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
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

/** The scope of a command that sets up doctors: their slots, and past slots whose ids their sessions would take. */
export const scopeOfPlans = (plans: readonly DoctorPlan[]): Scope => ({
  doctorIds: [...new Set(plans.map(({ facts }) => facts.id))],
  slotIds: plans.flatMap(({ facts, planned }) => [
    ...planned.map(({ id }) => id),
    ...facts.sessions.map(({ id }) => slotId(id)),
  ]),
  sessions: plans.flatMap(({ facts }) =>
    facts.sessions.map(({ id }) => ({ id, doctorId: facts.id })),
  ),
  isSetup: true,
});
