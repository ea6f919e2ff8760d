import {
  type AllocationEngine,
  type DoctorFacts,
  type DoctorId,
  type LocalDate,
  isEntry,
} from '../engine/index.ts';
import type { Decision } from './store.ts';

/** A doctor's counters as a batch leaves them: written once a batch, however many commands it holds. */
export interface Counters {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  /** The days of tokens that have entered a slot, each with the number printed last on it. */
  readonly lastNumbers: ReadonlyMap<LocalDate, number>;
}

/** The counters of every doctor whom a batch changes. The engine is as the batch left it. */
export function countersOf(
  engine: AllocationEngine,
  decisions: readonly Decision<unknown>[],
): Counters[] {
  const days = new Map<DoctorId, Map<LocalDate, number>>();
  for (const { changes } of decisions)
    for (const change of changes) {
      const touched = days.get(change.doctorId) ?? new Map<LocalDate, number>();
      days.set(change.doctorId, touched);
      const day = isEntry(change) ? engine.slot(change.slotId)?.day : undefined;
      if (day !== undefined) touched.set(day.date, day.lastNumber);
    }
  return [...days].flatMap(([id, lastNumbers]) => {
    const doctor = engine.doctor(id);
    if (doctor === undefined) return [];
    const { facts, version, lastArrival } = doctor;
    return [{ facts, version, lastArrival, lastNumbers }];
  });
}
