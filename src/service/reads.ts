import {
  callingOrderOf,
  callingOrderOn,
  HOSPITAL,
  isDoctor,
  isListed,
  isLive,
  localDate,
  type AllocationEngine,
  type Doctor,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type Leave,
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
import { daysBetween, plusDays } from './calendar.ts';
import type { Query } from './caller.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import { inTurns, slicesOf, type LargeReads } from './large-reads.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';
import { momentAt, type Projection } from './runner.ts';
import { Search, type SearchPage, type SearchQuery } from './search.ts';

export interface TokenQuery extends Query {
  readonly tokenId: TokenId;
}

export interface SlotQuery extends Query {
  readonly slotId: SlotId;
}

export interface DoctorsQuery extends Query {
  /** Whether the retired doctors are asked for, and not the others. */
  readonly retired: boolean;
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

/** The queues of a day: of the doctor's today by default, and of all listed doctors when none is named. */
export interface QueueQuery extends Query {
  readonly doctorIds: readonly DoctorId[];
  readonly date?: string | undefined;
}

/** A doctor's day in the calling order (R18), as it is at an instant. */
export interface DoctorQueue<View> {
  readonly doctor: DoctorFacts;
  readonly moment: Moment;
  readonly date: LocalDate;
  /** The instant at which the doctor's break ends; null when there is none. */
  readonly breakUntil: EpochMs | null;
  readonly inConsultation: readonly View[];
  readonly toCall: readonly View[];
  readonly skipped: readonly View[];
  readonly waiting: readonly View[];
}

/** The queues of some doctors. */
export interface Queue<View> {
  readonly queues: readonly DoctorQueue<View>[];
}

/** The queues of some doctors, with many tokens. Their tokens are copies, which no command changes any more. */
export interface LongQueue {
  readonly longQueues: AsyncIterable<DoctorQueue<Token>>;
  /** Aborts when nothing more may be done for the request. */
  readonly ended: AbortSignal;
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

/** A slot with many tokens, or one that is over. */
export interface LongSlot extends ShownSlot {
  /** Aborts when nothing more may be done for the request. */
  readonly ended: AbortSignal;
}

/** A slot as it is shown, if that takes little work. */
export type ReadSlot<View> = { readonly view: View } | LongSlot;

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
  readonly #search: Search;

  constructor(deps: ReadDeps) {
    this.#deps = deps;
    this.#search = new Search({ ...deps, read: (query, how) => this.token(query, how) });
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

  /** The tokens that have all of what is asked for, some at a time. */
  tokens<View>(
    query: SearchQuery,
    projection: TokenProjection<View>,
  ): Promise<Result<SearchPage<View>>> {
    return this.#deps.lifecycle.read(() => this.#search.tokens(query, projection));
  }

  /** A slot of any age, with all its live tokens. A session id means the session's next slot that takes bookings. */
  slot<View>(
    { slotId: id, ended }: SlotQuery,
    project: Projection<Slot, View>,
  ): Promise<Result<ReadSlot<View>>> {
    const { store, archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<ReadSlot<View>>(async () => {
      const owner = await store.ownerOf(id);
      if (owner === undefined) return refused({ code: 'slot_not_found' });
      const { moment, doctor, view, copy } = await store.read(owner, () =>
        this.#slotInMemory(id, owner, project),
      );
      if (view !== null) return { ok: true, value: { view: view.value } };
      const facts = copy === undefined ? await archive.slot(id) : copy.facts;
      if (facts === undefined || doctor === undefined) return refused({ code: 'slot_not_found' });
      const signal = ended();
      await largeReads.begin(signal);
      const slot = copy ?? (await this.#pastSlot(doctor, facts, signal));
      return { ok: true, value: { slot, moment, ended: signal } };
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
      // The same order as in memory, so that an eviction does not change it.
    ].sort((a, b) => a.facts.startTime - b.facts.startTime || (a.facts.id < b.facts.id ? -1 : 1));
    for (const { facts, copy } of all)
      yield { slot: copy ?? (await this.#pastSlot(doctor, facts, ended)), moment };
  }

  #pastSlot(doctor: DoctorFacts, facts: SlotFacts, ended: AbortSignal): Promise<Slot> {
    const { engine, archive } = this.#deps;
    return detachedSlot(engine, doctor, facts, inTurns(archive.liveTokens(facts), ended));
  }

  /** The calling orders of a day, doctor by doctor, in the order of their ids (R18). */
  queue<View>(
    query: QueueQuery,
    project: Projection<Token, View>,
  ): Promise<Result<Queue<View> | LongQueue>> {
    const { engine, store, lifecycle, largeReads } = this.#deps;
    const { doctorIds, date } = query;
    return lifecycle.read<Queue<View> | LongQueue>(async () => {
      const errors = dateFaultsOf({ date });
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const listed = [...engine.doctors].map(({ facts }) => facts).filter(isListed);
      const ids = doctorIds.length > 0 ? new Set(doctorIds) : listed.map(({ id }) => id).sort();
      let tokens = 0;
      const queues = await Promise.all(
        Array.from(ids, (id) =>
          store.read(id, () => {
            const doctor = engine.doctor(id);
            if (doctor === undefined) return undefined;
            tokens += tokensAround(doctor, date);
            return tokens > PAGE_ITEMS ? 'long' : shownQueue(this.#queueOf(doctor, date), project);
          }),
        ),
      );
      if (queues.includes(undefined)) return refused({ code: 'doctor_not_found' });
      const shown = queues.filter((queue) => queue !== undefined && queue !== 'long');
      if (shown.length === queues.length) return { ok: true, value: { queues: shown } };
      const ended = query.ended();
      await largeReads.begin(ended);
      return { ok: true, value: { longQueues: this.#longQueues([...ids], date), ended } };
    });
  }

  /** The queues one after another, each as it is when it is asked for. */
  async *#longQueues(
    ids: readonly DoctorId[],
    date: string | undefined,
  ): AsyncGenerator<DoctorQueue<Token>> {
    const { engine, store } = this.#deps;
    for (const id of ids) {
      const queue = await store.read(id, () => {
        const doctor = engine.doctor(id);
        return doctor && this.#queueOf(doctor.copy(), date);
      });
      if (queue !== undefined) yield queue;
    }
  }

  /** The doctors, or the retired ones, in the order of their ids. */
  doctors({ retired, ended }: DoctorsQuery): Promise<Result<Doctors>> {
    const { archive, lifecycle, largeReads } = this.#deps;
    return lifecycle.read<Doctors>(async () => {
      const known = (await archive.doctors()).filter(isDoctor);
      const doctors = known.filter((facts) => isListed(facts) !== retired);
      if (doctors.length <= PAGE_ITEMS) return { ok: true, value: { doctors } };
      const signal = ended();
      await largeReads.begin(signal);
      return { ok: true, value: { doctors: inTurns(slicesOf(doctors), signal) } };
    });
  }

  /** The hospital's holidays, in the order of their dates. */
  readonly holidays: (query: Query) => Promise<Result<readonly Leave[]>> = () => {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = await store.read(HOSPITAL, () => engine.doctor(HOSPITAL)?.facts.leaves ?? []);
      return { ok: true, value };
    });
  };

  /** A doctor, without slots. */
  doctor({ doctorId: id }: DoctorQuery): Promise<Result<DoctorFacts>> {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = await store.read(id, () => engine.doctor(id)?.facts);
      return value === undefined ? refused({ code: 'doctor_not_found' }) : { ok: true, value };
    });
  }

  /** A slot in memory: as it is shown, or its copy if it has many tokens. */
  #slotInMemory<View>(id: SlotId, owner: DoctorId, project: Projection<Slot, View>) {
    const { engine, clock } = this.#deps;
    const moment = momentAt(engine, clock());
    const doctor = engine.doctor(owner);
    const slot = engine.resolveSlot(id, moment.at);
    const isCopied = slot !== undefined && tokensOf([slot]) > PAGE_ITEMS;
    const copies = isCopied ? (doctor?.copy().slots ?? []) : [];
    return {
      moment,
      doctor: doctor?.facts,
      view: slot === undefined || isCopied ? null : { value: project(slot, moment) },
      copy: copies.find(({ facts }) => facts.id === slot?.facts.id),
    };
  }

  #queueOf(doctor: Doctor, date: string | undefined): DoctorQueue<Token> {
    const { engine, clock } = this.#deps;
    const moment = momentAt(engine, clock());
    const { at, todayIn } = moment;
    const today = todayIn(doctor.facts.timeZone);
    const day = date === undefined ? today : localDate(date);
    const order =
      day === today ? callingOrderOf(engine, doctor, today, at) : callingOrderOn(doctor, day);
    const { breakUntil } = doctor;
    return {
      ...order,
      ...{ doctor: doctor.facts, moment, date: day },
      breakUntil: breakUntil !== null && breakUntil > at ? breakUntil : null,
    };
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
    const isCopied = isLong || slots.length + tokensOf(slots) > PAGE_ITEMS;
    return {
      ...{ doctor: doctor.facts, moment, from, to, ids },
      views: isCopied ? null : slots.map((slot) => project(slot, moment)),
      copies: isCopied ? doctor.copy().slots.filter(({ facts }) => ids.has(facts.id)) : [],
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
      return isWithDoctor ? project(token, momentAt(engine, clock())) : undefined;
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
    return token && project(token, momentAt(engine, clock()));
  }
}

async function firstOf<Item>(pages: Pages<Item>): Promise<readonly Item[] | undefined> {
  for await (const page of pages) return page;
  return undefined;
}

const isWithin = ({ facts: { date } }: Slot, from: LocalDate, to: LocalDate): boolean =>
  date >= from && date <= to;

/** How many live tokens some slots have. */
const tokensOf = (slots: readonly Slot[]): number =>
  slots.reduce((sum, { seated, waiting }) => sum + seated + waiting, 0);

/** How many live tokens the queue of a day has at most. Without a date it is of today, and slots of days before may go on. */
const tokensAround = ({ slots }: Doctor, date: string | undefined): number =>
  tokensOf(slots.filter(({ facts }) => date === undefined || facts.date === date));

/** A queue with its tokens as they are shown. */
function shownQueue<View>(
  { inConsultation, toCall, skipped, waiting, ...head }: DoctorQueue<Token>,
  project: Projection<Token, View>,
): DoctorQueue<View> {
  const shown = (tokens: readonly Token[]): View[] =>
    tokens.map((token) => project(token, head.moment));
  return {
    ...head,
    inConsultation: shown(inConsultation),
    toCall: shown(toCall),
    skipped: shown(skipped),
    waiting: shown(waiting),
  };
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
