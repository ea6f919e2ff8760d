import {
  isLive,
  localDate,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type Moment,
  type PatientClass,
  type Slot,
  type SlotFacts,
  type SlotId,
  type Token,
  type TokenId,
} from '../engine/index.ts';
import {
  detachedSlot,
  PAGE_ITEMS,
  type Archive,
  type ChangeRecord,
  type Pages,
  type Store,
  type StoredToken,
} from '../store/index.ts';
import { daysBetween, localDateAt, plusDays } from './calendar.ts';
import type { Query } from './caller.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import { inTurns, slicesOf, type LargeReads } from './large-reads.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';
import type { Projection } from './runner.ts';

export interface TokenQuery extends Query {
  readonly tokenId: TokenId;
}

export interface DoctorQuery extends Query {
  readonly doctorId: DoctorId;
}

/** The days of a schedule, each `YYYY-MM-DD`: one day, or `from` and `to`; by default the doctor's today and tomorrow. */
export interface ScheduleQuery extends DoctorQuery {
  readonly date?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** How a token is shown: a live token of the engine, or a stored one that is over. */
export interface TokenProjection<View> {
  readonly live: Projection<Token, View>;
  readonly over: (token: StoredToken, slot: SlotFacts) => View;
}

/** A doctor's slots of some days, in the order in which they start. */
export interface Schedule<SlotView> {
  readonly doctor: DoctorFacts;
  readonly slots: readonly SlotView[];
}

/** A slot that no command changes any more, and the instant at which it is shown. */
export interface ShownSlot {
  readonly slot: Slot;
  readonly moment: Moment;
}

/**
 * A schedule with many tokens or with slots that are over. The doctor and the slots in memory are as they were at one
 * instant. A slot that is over is read when it is asked for; no later change adds a token to it.
 */
export interface LongSchedule {
  readonly doctor: DoctorFacts;
  readonly shownSlots: AsyncIterable<ShownSlot>;
  /** Aborts when nothing more may be done for the request. */
  readonly ended: AbortSignal;
}

/** All doctors in the order of their ids, or slices of them if they are many. */
export interface Doctors {
  readonly doctors: readonly DoctorFacts[] | AsyncIterable<readonly DoctorFacts[]>;
}

/** A token's change records: all of them, or slices of them if they are many. */
export interface History {
  readonly changes: readonly ChangeRecord[] | AsyncIterable<readonly ChangeRecord[]>;
}

/** Days that a schedule may span. */
const SCHEDULE_DAYS_MAX = 31;

interface ReadDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
  readonly largeReads: LargeReads;
}

/** What is in memory of the days of a schedule. */
interface DaysInMemory<View> {
  readonly doctor: DoctorFacts;
  readonly moment: Moment;
  readonly from: LocalDate;
  readonly to: LocalDate;
  readonly ids: ReadonlySet<SlotId>;
  /** The slots as they are shown; null when they are not shown at once. */
  readonly views: readonly View[] | null;
  /** Copies of the slots, when they are not shown at once. */
  readonly copies: readonly Slot[];
}

/**
 * The reads. Slots and tokens in memory are projected at once, and the answer waits until their state is durable; the
 * others are read from the store. No answer shows a state that could still be lost.
 */
export class Reads {
  readonly #deps: ReadDeps;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
  }

  /** The class table, highest priority first. */
  get patientTypes(): readonly PatientClass[] {
    return this.#deps.engine.rules.classes;
  }

  /** A token of any age and status. */
  token<View>(
    { tokenId: id, ended }: TokenQuery,
    projection: TokenProjection<View>,
  ): Promise<Result<View>> {
    const { engine, archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      for (;;) {
        const doctorId = engine.token(id)?.slot.facts.doctorId;
        const live = doctorId && (await this.#liveToken(id, doctorId, projection.live));
        if (live !== undefined) return { ok: true, value: live };
        const stored = await archive.token(id);
        if (stored === undefined) return refused({ code: 'token_not_found' });
        const value = await this.#storedToken(stored, projection, ended);
        // Undefined when the token has left its slot since it was read: it is read again.
        if (value !== undefined) return { ok: true, value };
      }
    });
  }

  /** A token's change records, oldest first (R17). */
  history({ tokenId: id, ended }: TokenQuery): Promise<Result<History>> {
    const { archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<History>(async () => {
      const first = await firstOf(archive.history(id));
      if (first === undefined) return refused({ code: 'token_not_found' });
      if (first.length < PAGE_ITEMS) return { ok: true, value: { changes: first } };
      const signal = ended();
      await largeReads.begin(signal);
      return { ok: true, value: { changes: inTurns(archive.history(id), signal) } };
    });
  }

  /** A doctor's slots of some days, with all their tokens. */
  schedule<View>(
    query: ScheduleQuery,
    project: Projection<Slot, View>,
  ): Promise<Result<Schedule<View> | LongSchedule>> {
    const { lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const errors = scheduleFaults(query);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      return this.#schedule(query, project, false);
    });
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
    const { doctor, moment, from, to, ids, views, copies } = seen;
    const past = await archive.slots(id, from, to, ids);
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
    ].sort((a, b) => a.facts.startTime - b.facts.startTime);
    for (const { facts, copy } of all)
      yield { slot: copy ?? (await this.#pastSlot(doctor, facts, ended)), moment };
  }

  #pastSlot(doctor: DoctorFacts, facts: SlotFacts, ended: AbortSignal): Promise<Slot> {
    const { engine, archive } = this.#deps;
    return detachedSlot(engine, doctor, facts, inTurns(archive.liveTokens(facts), ended));
  }

  /** All doctors, in the order of their ids. */
  doctors({ ended }: Query): Promise<Result<Doctors>> {
    const { archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<Doctors>(async () => {
      const doctors = await archive.doctors();
      if (doctors.length <= PAGE_ITEMS) return { ok: true, value: { doctors } };
      const signal = ended();
      await largeReads.begin(signal);
      return { ok: true, value: { doctors: inTurns(slicesOf(doctors), signal) } };
    });
  }

  /** A doctor, without slots. */
  doctor({ doctorId: id }: DoctorQuery): Promise<Result<DoctorFacts>> {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = await store.read(id, () => engine.doctor(id)?.facts);
      return value === undefined ? refused({ code: 'doctor_not_found' }) : { ok: true, value };
    });
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
    const moment = { engine, at: clock() };
    const today = localDateAt(moment.at, doctor.facts.timeZone);
    const [from, to] = rangeOf(query, today);
    const isShown = ({ facts: { date } }: Slot): boolean => date >= from && date <= to;
    const slots = doctor.slots.filter(isShown);
    const tokens = slots.reduce((sum, { seated, waiting }) => sum + seated + waiting, 0);
    const isCopied = isLong || slots.length + tokens > PAGE_ITEMS;
    return {
      ...{ doctor: doctor.facts, moment, from, to },
      ids: new Set(slots.map(({ facts }) => facts.id)),
      views: isCopied ? null : slots.map((slot) => project(slot, moment)),
      copies: isCopied ? doctor.copy().slots.filter(isShown) : [],
    };
  }

  /** A live token of a slot in memory. */
  #liveToken<View>(
    id: TokenId,
    doctorId: DoctorId,
    project: Projection<Token, View>,
  ): Promise<View | undefined> {
    const { engine, store, clock } = this.#deps;
    return store.read(doctorId, () => {
      const token = engine.token(id);
      const isWithDoctor = token?.slot.facts.doctorId === doctorId;
      return isWithDoctor ? project(token, { engine, at: clock() }) : undefined;
    });
  }

  /** A token as it is stored; undefined when it has moved to another slot since then. */
  async #storedToken<View>(
    stored: StoredToken,
    { live: project, over }: TokenProjection<View>,
    ended: Query['ended'],
  ): Promise<View | undefined> {
    const { engine, archive, clock, largeReads } = this.#deps;
    const { id, doctorId, status } = stored;
    const live = isLive(status) ? await this.#liveToken(id, doctorId, project) : undefined;
    if (live !== undefined) return live;
    const slot = await archive.slot(stored.slotId);
    if (slot === undefined) throw new Error(`The slot of token ${id} is not in the store.`);
    const doctor = engine.doctor(doctorId)?.facts;
    if (!isLive(status) || doctor === undefined) return over(stored, slot);
    // The slot has been evicted from memory: the token's place is found in the slot as it is stored.
    const signal = ended();
    await largeReads.begin(signal);
    const token = (await this.#pastSlot(doctor, slot, signal))
      .tokens()
      .find((each) => each.id === id);
    return token && project(token, { engine, at: clock() });
  }
}

async function firstOf<Item>(pages: Pages<Item>): Promise<readonly Item[] | undefined> {
  for await (const page of pages) return page;
  return undefined;
}

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
  if (from === undefined || to === undefined) return [];
  const days = daysBetween(localDate(from), localDate(to)) + 1;
  return days >= 1 && days <= SCHEDULE_DAYS_MAX
    ? []
    : [
        {
          pointer: '/to',
          detail: `must not be before \`from\`, and at most ${SCHEDULE_DAYS_MAX} days may be asked for`,
        },
      ];
}

function rangeOf({ date, from, to }: ScheduleQuery, today: LocalDate): [LocalDate, LocalDate] {
  if (date !== undefined) return [localDate(date), localDate(date)];
  if (from !== undefined && to !== undefined) return [localDate(from), localDate(to)];
  return [today, plusDays(today, 1)];
}
