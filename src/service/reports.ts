import type { Change, DoctorId, LocalDate } from '../engine/index.ts';
import type { Pages } from '../store/index.ts';
import type { Query } from './caller.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { ReadDeps } from './read-model.ts';
import { refused, type Result } from './refusal.ts';
import { dayReportOf, type DayReport } from './report.ts';

export interface DayReportQuery extends Query {
  readonly doctorId: DoctorId;
  /** A day of the doctor's calendar. */
  readonly date: LocalDate;
}

/** The reports. They count change records, which are durable: no report shows what could still be lost. */
export class Reports {
  readonly #deps: ReadDeps;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** What happened in a doctor's slots of a day, up to now; of a day of any age. */
  day({ doctorId, date, ended }: DayReportQuery): Promise<Result<DayReport>> {
    const { engine, store, archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read(async () => {
      const errors = dateFaultsOf({ date });
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      // The report is of this instant: slots are read one by one, and a move between two reads would count only once.
      const seen = await store.read(doctorId, () => this.#dayInMemory(doctorId, date));
      if (seen === undefined) return refused({ code: 'doctor_not_found' });
      const { version, at, inMemory } = seen;
      const past = await archive.slots(doctorId, date, date, new Set(inMemory));
      const signal = ended();
      await largeReads.begin(signal);
      const slotIds = [...inMemory, ...past.map(({ id }) => id)];
      const slots = slotIds.map((id) => changesUpTo(archive.slotChanges(id), version));
      const { classes } = engine.rules;
      const value = await dayReportOf({ doctorId, date, slots, classes, at }, signal);
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

async function* changesUpTo(pages: Pages<Change>, version: number): Pages<Change> {
  for await (const changes of pages) yield changes.filter((change) => change.version <= version);
}
