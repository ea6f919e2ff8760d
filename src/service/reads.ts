import {
  isLive,
  localDate,
  type AllocationEngine,
  type DoctorFacts,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type PatientClass,
  type Slot,
  type SlotFacts,
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

  constructor(deps: ReadDeps) {
    this.#deps = deps;
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
        view: project(slot, { engine, at }),
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

  /** All doctors, in the order of their ids. */
  readonly doctors: (query: Query) => Promise<Result<readonly DoctorFacts[]>> = () => {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => ({ ok: true, value: await archive.doctors() }));
  };

  /** A doctor, without slots. */
  doctor({ doctorId: id }: DoctorQuery): Promise<Result<DoctorFacts>> {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const value = await store.read(id, () => engine.doctor(id)?.facts);
      return value === undefined ? refused({ code: 'doctor_not_found' }) : { ok: true, value };
    });
  }

  /** The slots in memory of the days of a schedule; slots that are over may be in the store alone. */
  #daysInMemory<Shown>(query: ScheduleQuery, shown: (slot: Slot, at: EpochMs) => Shown) {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(query.doctorId);
    if (doctor === undefined) return undefined;
    const at = clock();
    const [from, to] = rangeOf(query, localDateAt(at, doctor.facts.timeZone));
    const inMemory = doctor.slots
      .filter(({ facts: { date } }) => date >= from && date <= to)
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
      return isWithDoctor ? project(token, { engine, at: clock() }) : undefined;
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
    return token && project(token, { engine, at: clock() });
  }
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
