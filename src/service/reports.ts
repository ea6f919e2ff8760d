import {
  isDoctor,
  type Change,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type SlotId,
} from '../engine/index.ts';
import type { Pages } from '../store/index.ts';
import type { Query } from './caller.ts';
import { dateFaultsOf, spanFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import { inTurns, slicesOf } from './large-reads.ts';
import { rangeReportOf, type DoctorDay, type RangeReport } from './range-report.ts';
import type { ReadDeps } from './read-model.ts';
import { refused, type Result } from './refusal.ts';
import { dayReportOf, type DayReport } from './report.ts';

/** Days that a report may span: a quarter of a year. */
const RANGE_DAYS_MAX = 92;
/** Slots that a report may read, so that its work is bounded, however many doctors a hospital has. */
const RANGE_SLOTS_MAX = 10_000;

export interface DayReportQuery extends Query {
  readonly doctorId: DoctorId;
  /** A day of the doctor's calendar. */
  readonly date: LocalDate;
}

export interface RangeReportQuery extends Query {
  /** The first and the last day, of each doctor's calendar. */
  readonly from: LocalDate;
  readonly to: LocalDate;
  /** Null for all doctors, retired ones included. */
  readonly doctorId: DoctorId | null;
  /** The department of the doctors, as it is now; null for all. */
  readonly department: string | null;
}

/** The slots of a doctor that a report reads, as they are at an instant. */
interface DoctorSlots {
  readonly doctor: DoctorFacts;
  /** The instant, and the doctor's version at it: later changes do not count. */
  readonly at: EpochMs;
  readonly version: number;
  readonly slots: readonly { readonly id: SlotId; readonly date: LocalDate }[];
}

/** The reports. They count change records, which are durable: no report shows what could still be lost. */
export class Reports {
  readonly #deps: ReadDeps;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** What happened in a doctor's slots of a day, up to now; of a day of any age. */
  day({ doctorId, date, ended }: DayReportQuery): Promise<Result<DayReport>> {
    const { engine, lifecycle, largeReads } = this.#deps;
    return lifecycle.read(async () => {
      const errors = dateFaultsOf({ date });
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const read = await this.#slotsOf(doctorId, date, date);
      if (read === undefined) return refused({ code: 'doctor_not_found' });
      const signal = ended();
      await largeReads.begin(signal);
      const { classes } = engine.rules;
      const [day] = this.#daysOf(read);
      const changes = day ?? { slots: [], at: read.at };
      return {
        ok: true,
        value: await dayReportOf({ doctorId, date, classes, ...changes }, signal),
      };
    });
  }

  /** What happened in the slots of some days, of all doctors or some, up to now; of days of any age. */
  range(query: RangeReportQuery): Promise<Result<RangeReport>> {
    const { from, to, doctorId, department, ended } = query;
    const { engine, lifecycle, largeReads, clock } = this.#deps;
    return lifecycle.read(async () => {
      const errors = spanFaultsOf(from, to, RANGE_DAYS_MAX);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const signal = ended();
      await largeReads.begin(signal);
      const at = clock();
      const doctors: DoctorSlots[] = [];
      for await (const ids of inTurns(slicesOf(this.#candidates(query)), signal)) {
        const read = await Promise.all(ids.map((id) => this.#slotsOf(id, from, to)));
        if (doctorId !== null && read.includes(undefined))
          return refused({ code: 'doctor_not_found' });
        const known = read.filter((each) => each !== undefined);
        doctors.push(...known.filter(({ doctor }) => isIn(department, doctor)));
        const slots = doctors.reduce((sum, each) => sum + each.slots.length, 0);
        if (slots > RANGE_SLOTS_MAX)
          return refused({ code: 'invalid_request', errors: [TOO_MANY_SLOTS] });
      }
      if (doctors.length === 0 && department !== null)
        return refused({ code: 'invalid_request', errors: [NOT_IN_DEPARTMENT] });
      const record = {
        ...{ from, to, doctorId, department, doctors: doctors.length, at },
        classes: engine.rules.classes,
        days: doctors.flatMap((each) => this.#daysOf(each)),
      };
      return { ok: true, value: await rangeReportOf(record, signal) };
    });
  }

  /** The doctors who may be in a report, in the order of their ids. One who is named may be unknown. */
  #candidates({ doctorId, department }: RangeReportQuery): readonly DoctorId[] {
    if (doctorId !== null) return [doctorId];
    const facts = [...this.#deps.engine.doctors].map((doctor) => doctor.facts);
    return facts
      .filter((each) => isDoctor(each) && isIn(department, each))
      .map(({ id }) => id)
      .sort();
  }

  /** A doctor's slots from one date to another, of any age; undefined when there is no such doctor. */
  async #slotsOf(id: DoctorId, from: LocalDate, to: LocalDate): Promise<DoctorSlots | undefined> {
    const { store, archive } = this.#deps;
    // The report is of this instant: slots are read one by one, and a move between two reads would count only once.
    const seen = await store.read(id, () => this.#slotsInMemory(id, from, to));
    if (seen === undefined) return undefined;
    const past = await archive.slots(id, from, to, new Set(seen.slots.map((slot) => slot.id)));
    return { ...seen, slots: [...seen.slots, ...past] };
  }

  #slotsInMemory(id: DoctorId, from: LocalDate, to: LocalDate): DoctorSlots | undefined {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(id);
    if (doctor === undefined) return undefined;
    const slots = doctor.slots.map(({ facts }) => facts);
    return {
      doctor: doctor.facts,
      at: clock(),
      version: doctor.version,
      slots: slots.filter(({ date }) => date >= from && date <= to),
    };
  }

  /** The change records of the days of a doctor; those of a slot are read when they are asked for. */
  #daysOf({ doctor, at, version, slots }: DoctorSlots): readonly DoctorDay[] {
    const { archive } = this.#deps;
    return Array.from(
      Map.groupBy(slots, ({ date }) => date),
      ([date, ofDate]) => ({
        ...{ date, at, timeZone: doctor.timeZone },
        slots: ofDate.map(({ id }) => changesUpTo(archive.slotChanges(id), version)),
      }),
    );
  }
}

const isIn = (department: string | null, doctor: DoctorFacts): boolean =>
  department === null || doctor.department === department;

const TOO_MANY_SLOTS: Fault = {
  pointer: '/to',
  detail: `there are more than ${RANGE_SLOTS_MAX} slots from \`from\` to \`to\`: ask for fewer days, for a department or for a doctor`,
};

const NOT_IN_DEPARTMENT: Fault = {
  pointer: '/department',
  detail: 'must be the department of a doctor, and of the doctor who is named',
};

async function* changesUpTo(pages: Pages<Change>, version: number): Pages<Change> {
  for await (const changes of pages) yield changes.filter((change) => change.version <= version);
}
