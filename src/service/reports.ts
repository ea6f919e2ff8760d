import { setImmediate } from 'node:timers/promises';
import {
  doctorId,
  localDate,
  type AllocationEngine,
  type Change,
  type DoctorId,
  type EpochMs,
  type LocalDate,
} from '../engine/index.ts';
import type { Archive, Store } from '../store/index.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';
import { dayReportOf, type DayReportView } from './report.ts';

export interface DayReportRequest {
  readonly doctor_id: string;
  /** A day of the doctor's calendar. */
  readonly date: string;
}

interface ReportDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
}

/** The reports: counted from the change records, so that nothing is told that could still be lost. */
export class Reports {
  readonly #deps: ReportDeps;

  constructor(deps: ReportDeps) {
    this.#deps = deps;
  }

  /** What happened in a doctor's slots of a day, up to now; of a day of any age. */
  day({ doctor_id, date }: DayReportRequest): Promise<Result<DayReportView>> {
    const { engine, store, archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const errors = dateFaultsOf({ date });
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const id = doctorId(doctor_id);
      const day = localDate(date);
      // The report is of this instant: slots are read one by one, and what happens meanwhile would be told by halves.
      const seen = await store.read(id, () => this.#dayInMemory(id, day));
      if (seen === undefined) return refused({ code: 'doctor_not_found' });
      const { version, at, inMemory } = seen;
      const past = await archive.slots(id, day, day, new Set(inMemory));
      const slotIds = [...inMemory, ...past.map(({ facts }) => facts.id)];
      const changes: (readonly Change[])[] = [];
      for (const slotId of slotIds) {
        changes.push(await archive.slotChanges(slotId));
        // A long day is read in steps, between which others are answered.
        await setImmediate();
      }
      const value = dayReportOf({
        doctorId: id,
        date,
        slots: changes.map((slot) => slot.filter((change) => change.version <= version)),
        classes: engine.rules.classes,
        at,
      });
      return { ok: true, value };
    });
  }

  #dayInMemory(id: DoctorId, day: LocalDate) {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(id);
    if (doctor === undefined) return undefined;
    const inMemory = doctor.slots.filter(({ facts }) => facts.date === day);
    return {
      version: doctor.version,
      at: clock(),
      inMemory: inMemory.map(({ facts }) => facts.id),
    };
  }
}
