import {
  HOSPITAL,
  isDoctor,
  isOnLeave,
  type AllocationEngine,
  type DoctorId,
  type EpochMs,
  type HolidaysPut,
  type Leave,
  type LocalDate,
  type Outcome,
  type SlotFacts,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import { planOf, type PlanDeps } from './doctor-plan.ts';

// The holidays are the leaves of one record, which every command that opens slots must know (R24).

/** A doctor with the record of the holidays, which the command must know, in the order of the ids. */
export const withHospital = (id: DoctorId): DoctorId[] => [HOSPITAL, id];

/** The scope of a command on every doctor. */
export const hospitalScope = ({ doctors }: AllocationEngine): Scope => {
  const ids = Array.from(doctors, ({ facts }) => facts.id).filter((id) => id !== HOSPITAL);
  return { doctorIds: [HOSPITAL, ...ids.sort()], isSetup: true, isHospitalWide: true };
};

/** Replaces the holidays in an engine that has every doctor. */
export const putHolidays = (
  deps: PlanDeps,
  holidays: readonly Leave[],
  at: EpochMs,
): Outcome<HolidaysPut> =>
  deps.engine.putHolidays({ holidays, planned: plansOfRemoved(deps, holidays), at });

/** For each doctor the slots that the sessions yield on the dates that are no holidays any more. */
export function plansOfRemoved(
  deps: PlanDeps,
  holidays: readonly Leave[],
): Map<DoctorId, readonly SlotFacts[]> {
  const { engine } = deps;
  const before = engine.doctor(HOSPITAL)?.facts.leaves ?? [];
  const isRemoved = (date: LocalDate): boolean =>
    isOnLeave(before, date) && !isOnLeave(holidays, date);
  const known = [...engine.doctors].filter(({ facts }) => isDoctor(facts));
  if (before.length === 0) return new Map();
  return new Map(
    known.map(({ facts }) => [facts.id, planOf(deps, facts, isRemoved).planned] as const),
  );
}
