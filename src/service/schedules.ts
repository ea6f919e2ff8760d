import {
  localDate,
  type DoctorFacts,
  type LocalDate,
  type Moment,
  type Slot,
  type SlotFacts,
  type SlotId,
} from '../engine/index.ts';
import { PAGE_ITEMS } from '../store/index.ts';
import { plusDays } from './calendar.ts';
import { dateFaultsOf, spanFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import { liveTokensIn, pastSlot } from './past-slot.ts';
import type { LongSchedule, ReadDeps, Schedule, ScheduleQuery, ShownSlot } from './read-model.ts';
import { refused, type Result } from './refusal.ts';
import { momentAt, type Projection } from './runner.ts';

/** Days that a schedule may span. */
const SCHEDULE_DAYS_MAX = 31;

/** What is in memory of the days of a schedule. */
interface DaysInMemory<View> {
  readonly doctor: DoctorFacts;
  readonly moment: Moment;
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly ids: ReadonlySet<SlotId>;
  /** Whether these are all slots of the days. */
  readonly isWhole: boolean;
  /** The slots as they are shown; null when they are not shown at once. */
  readonly views: readonly View[] | null;
  /** Copies of the slots, when they are not shown at once. */
  readonly copies: readonly Slot[];
}

/** Reads the slots of some days of a doctor. */
export class Schedules {
  readonly #deps: ReadDeps;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** A doctor's slots of some days, with all their tokens. */
  schedule<View>(
    query: ScheduleQuery,
    project: Projection<Slot, View>,
  ): Promise<Result<Schedule<View> | LongSchedule>> {
    const errors = scheduleFaults(query);
    return errors.length > 0
      ? Promise.resolve(refused({ code: 'invalid_request', errors }))
      : this.#schedule(query, project, false);
  }

  /** @param isLong whether the slots in memory are copied in any case, because slots that are over are shown too */
  async #schedule<View>(
    query: ScheduleQuery,
    project: Projection<Slot, View>,
    isLong: boolean,
  ): Promise<Result<Schedule<View> | LongSchedule>> {
    const { store, archive, largeReads } = this.#deps;
    const { doctorId: id } = query;
    const seen = await store.read(id, () => this.#daysInMemory(query, project, isLong));
    if (seen === undefined) return refused({ code: 'doctor_not_found' });
    const { doctor, moment, from, to, ids, isWhole, views, copies } = seen;
    const past = isWhole ? [] : await archive.slots(id, from, to, ids);
    if (views !== null && past.length > 0) return this.#schedule(query, project, true);
    if (views !== null) return { ok: true, value: { doctor, slots: views } };
    const ended = query.ended();
    await largeReads.begin(ended);
    const shownSlots = this.#shownSlots(doctor, past, copies, { moment, ended });
    return { ok: true, value: { doctor, shownSlots, ended } };
  }

  async *#shownSlots(
    doctor: DoctorFacts,
    past: readonly SlotFacts[],
    copies: readonly Slot[],
    { moment, ended }: { readonly moment: Moment; readonly ended: AbortSignal },
  ): AsyncGenerator<ShownSlot> {
    const all = [
      ...past.map((facts) => ({ facts, copy: null })),
      ...copies.map((copy) => ({ facts: copy.facts, copy })),
      // The same order as in memory, so that an eviction does not change it.
    ].sort((a, b) => a.facts.startTime - b.facts.startTime || (a.facts.id < b.facts.id ? -1 : 1));
    for (const { facts, copy } of all)
      yield { slot: copy ?? (await pastSlot(this.#deps, doctor, facts, ended)), moment };
  }

  /** The slots in memory of the days of a schedule; slots that are over may be in the store alone. */
  #daysInMemory<View>(
    query: ScheduleQuery,
    project: Projection<Slot, View>,
    isLong: boolean,
  ): DaysInMemory<View> | undefined {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(query.doctorId);
    if (doctor === undefined) return undefined;
    const moment = momentAt(engine, clock());
    const { at, todayIn } = moment;
    const today = todayIn(doctor.facts.timeZone);
    const [from, to] = rangeOf(query, today);
    const isGoingOn = (slot: Slot): boolean =>
      slot.facts.date < from && from <= today && today <= to && engine.isGoingOn(slot, today, at);
    const slots = doctor.slots.filter((slot) => isWithin(slot, from, to) || isGoingOn(slot));
    const ids = new Set(slots.map(({ facts }) => facts.id));
    const isCopied = isLong || slots.length + liveTokensIn(slots) > PAGE_ITEMS;
    return {
      ...{ doctor: doctor.facts, moment, from, to, ids, isWhole: doctor.hasDaysFrom(from) },
      views: isCopied ? null : slots.map((slot) => project(slot, moment)),
      copies: isCopied ? doctor.copy().slots.filter(({ facts }) => ids.has(facts.id)) : [],
    };
  }
}

const isWithin = ({ facts: { date } }: Slot, from: LocalDate, to: LocalDate): boolean =>
  date >= from && date <= to;

function scheduleFaults({ date, from, to }: ScheduleQuery): Fault[] {
  const faults = dateFaultsOf({ date, from, to });
  if (faults.length > 0) return faults;
  if (date !== undefined && (from !== undefined || to !== undefined))
    return [{ pointer: '/date', detail: 'cannot be combined with `from` or `to`' }];
  if ((from === undefined) !== (to === undefined))
    return [
      {
        pointer: from === undefined ? '/from' : '/to',
        detail: 'is missing: `from` and `to` go together',
      },
    ];
  return from === undefined || to === undefined ? [] : spanFaultsOf(from, to, SCHEDULE_DAYS_MAX);
}

function rangeOf({ date, from, to }: ScheduleQuery, today: LocalDate): [LocalDate, LocalDate] {
  if (date !== undefined) return [localDate(date), localDate(date)];
  if (from !== undefined && to !== undefined) return [localDate(from), localDate(to)];
  return [today, plusDays(today, 1)];
}
