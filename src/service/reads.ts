import {
  callingOrderOf,
  callingOrderOn,
  HOSPITAL,
  isDoctor,
  isListed,
  isLive,
  localDate,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type Leave,
  type LocalDate,
  type PatientClass,
  type Slot,
  type SlotId,
  type Token,
  type TokenId,
} from '../engine/index.ts';
import {
  detachedSlot,
  type Archive,
  type ChangeRecord,
  type Store,
  type StoredToken,
} from '../store/index.ts';
import { daysBetween, localDateAt, plusDays } from './calendar.ts';
import type { Query } from './caller.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';
import { momentAt, type Projection } from './runner.ts';
import type { TokenProjection, TokenQuery } from './token-projection.ts';
import { Search, type SearchPage, type SearchQuery } from './search.ts';

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

/** A doctor's day in the calling order (R18). */
export interface DoctorQueue<View> {
  readonly doctor: DoctorFacts;
  readonly date: LocalDate;
  /** The instant at which the doctor's break ends; null when there is none. */
  readonly breakUntil: EpochMs | null;
  readonly inConsultation: readonly View[];
  readonly toCall: readonly View[];
  readonly skipped: readonly View[];
  readonly waiting: readonly View[];
}

/** A doctor's slots of some days, in the order in which they start. */
export interface Schedule<SlotView> {
  readonly doctor: DoctorFacts;
  readonly slots: readonly SlotView[];
}

/** Days that a schedule may span. */
const SCHEDULE_DAYS_MAX = 31;

interface ReadDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
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
    { tokenId: id }: TokenQuery,
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
        const value = await this.#storedToken(stored, projection);
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
  slot<View>({ slotId: id }: SlotQuery, project: Projection<Slot, View>): Promise<Result<View>> {
    const { engine, store, archive, lifecycle, clock } = this.#deps;
    return lifecycle.read(async () => {
      const owner = await store.ownerOf(id);
      if (owner === undefined) return refused({ code: 'slot_not_found' });
      const seen = await store.read(owner, () => {
        const at = clock();
        const slot = engine.resolveSlot(id, at);
        const facts = engine.doctor(owner)?.facts;
        return { at, facts, view: slot && { value: project(slot, momentAt(engine, at)) } };
      });
      if (seen.view !== undefined) return { ok: true, value: seen.view.value };
      const stored = await archive.slot(id);
      if (stored === undefined || seen.facts === undefined)
        return refused({ code: 'slot_not_found' });
      const slot = detachedSlot(engine, seen.facts, stored);
      const value = project(slot, momentAt(engine, seen.at));
      return { ok: true, value };
    });
  }

  /** A token's change records, oldest first (R17). */
  history({ tokenId: id }: TokenQuery): Promise<Result<readonly ChangeRecord[]>> {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = await archive.history(id);
      return value.length === 0 ? refused({ code: 'token_not_found' }) : { ok: true, value };
    });
  }

  /** A doctor's slots of some days, with all their tokens. */
  schedule<View>(
    query: ScheduleQuery,
    project: Projection<Slot, View>,
  ): Promise<Result<Schedule<View>>> {
    const { engine, store, archive, lifecycle } = this.#deps;
    const { doctorId: id } = query;
    return lifecycle.read(async () => {
      const errors = scheduleFaults(query);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const shown = (slot: Slot, at: EpochMs) => ({
        id: slot.facts.id,
        startTime: slot.facts.startTime,
        view: project(slot, momentAt(engine, at)),
      });
      const seen = await store.read(id, () => this.#daysInMemory(query, shown));
      if (seen === undefined) return refused({ code: 'doctor_not_found' });
      const { doctor, at, from, to, inMemory } = seen;
      const past = await archive.slots(id, from, to, new Set(inMemory.map((slot) => slot.id)));
      const slots = past
        .map((slot) => shown(detachedSlot(engine, doctor, slot), at))
        .concat(inMemory)
        // The same order as in memory, so that an eviction does not change it.
        .sort((a, b) => a.startTime - b.startTime || (a.id < b.id ? -1 : 1))
        .map(({ view }) => view);
      return { ok: true, value: { doctor, slots } };
    });
  }

  /** The calling orders of a day, doctor by doctor, in the order of their ids (R18). */
  queue<View>(
    { doctorIds, date }: QueueQuery,
    project: Projection<Token, View>,
  ): Promise<Result<readonly DoctorQueue<View>[]>> {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const errors = dateFaultsOf({ date });
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const listed = [...engine.doctors].map(({ facts }) => facts).filter(isListed);
      const ids = doctorIds.length > 0 ? new Set(doctorIds) : listed.map(({ id }) => id).sort();
      const queues = await Promise.all(
        Array.from(ids, (id) => store.read(id, () => this.#queueOf(id, date, project))),
      );
      const value = queues.filter((queue) => queue !== undefined);
      return value.length === queues.length
        ? { ok: true, value }
        : refused({ code: 'doctor_not_found' });
    });
  }

  /** The doctors, or the retired ones, in the order of their ids. */
  doctors({ retired }: DoctorsQuery): Promise<Result<readonly DoctorFacts[]>> {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const known = (await archive.doctors()).filter(isDoctor);
      return { ok: true, value: known.filter((facts) => isListed(facts) !== retired) };
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

  #queueOf<View>(
    id: DoctorId,
    date: string | undefined,
    project: Projection<Token, View>,
  ): DoctorQueue<View> | undefined {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(id);
    if (doctor === undefined) return undefined;
    const moment = momentAt(engine, clock());
    const { at, todayIn } = moment;
    const today = todayIn(doctor.facts.timeZone);
    const day = date === undefined ? today : localDate(date);
    const order =
      day === today ? callingOrderOf(engine, doctor, today, at) : callingOrderOn(doctor, day);
    const shown = (tokens: readonly Token[]): View[] =>
      tokens.map((token) => project(token, moment));
    const { breakUntil } = doctor;
    return {
      doctor: doctor.facts,
      date: day,
      breakUntil: breakUntil !== null && breakUntil > at ? breakUntil : null,
      inConsultation: shown(order.inConsultation),
      toCall: shown(order.toCall),
      skipped: shown(order.skipped),
      waiting: shown(order.waiting),
    };
  }

  /** The slots in memory of the days of a schedule; slots that are over may be in the store alone. */
  #daysInMemory<Shown>(query: ScheduleQuery, shown: (slot: Slot, at: EpochMs) => Shown) {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(query.doctorId);
    if (doctor === undefined) return undefined;
    const at = clock();
    const today = localDateAt(at, doctor.facts.timeZone);
    const [from, to] = rangeOf(query, today);
    const isGoingOn = (slot: Slot): boolean =>
      slot.facts.date < from && from <= today && today <= to && engine.isGoingOn(slot, today, at);
    const inMemory = doctor.slots
      .filter((slot) => isWithin(slot, from, to) || isGoingOn(slot))
      .map((slot) => shown(slot, at));
    return { doctor: doctor.facts, at, from, to, inMemory };
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
  ): Promise<View | undefined> {
    const { engine, archive, clock } = this.#deps;
    const { id, doctorId, status } = stored;
    const live = isLive(status) ? await this.#liveToken(id, doctorId, project) : undefined;
    if (live !== undefined) return live;
    const slot = await archive.slot(stored.slotId);
    if (slot === undefined) throw new Error(`The slot of token ${id} is not in the store.`);
    const doctor = engine.doctor(doctorId)?.facts;
    if (!isLive(status) || doctor === undefined) return over(stored, slot.facts);
    // The slot has been evicted from memory: the token's place is found in the slot as it is stored.
    const token = detachedSlot(engine, doctor, slot)
      .tokens()
      .find((each) => each.id === id);
    return token && project(token, momentAt(engine, clock()));
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
