import {
  doctorId,
  isLive,
  localDate,
  slotId,
  tokenId,
  type AllocationEngine,
  type DoctorId,
  type EpochMs,
  type LocalDate,
  type PatientClass,
} from '../engine/index.ts';
import { detachedSlot, type Archive, type Store, type StoredToken } from '../store/index.ts';
import { daysBetween, localDateAt, plusDays } from './calendar.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';
import {
  changeView,
  doctorView,
  overTokenView,
  slotView,
  tokenView,
  type DoctorView,
  type HistoryView,
  type ScheduleView,
  type TokenView,
} from './views.ts';

export interface ScheduleRequest {
  readonly doctor_id: string;
  /** One day; or `from` and `to`; today and tomorrow at the doctor's place by default. */
  readonly date?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Days a schedule may span. */
const SCHEDULE_DAYS_MAX = 31;

interface ReadDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
}

/**
 * The reads. What is in memory is looked at at once and told when it is durable; what is over is read from the
 * store. Nobody is ever told a state that could still be lost.
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
  token(id: string): Promise<Result<TokenView>> {
    const { engine, archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      for (;;) {
        const known = engine.token(tokenId(id))?.slot.facts.doctorId;
        const seen = known && (await this.#liveToken(id, known));
        if (seen !== undefined) return { ok: true, value: seen };
        const stored = await archive.token(tokenId(id));
        if (stored === undefined) return refused({ code: 'token_not_found' });
        const value = await this.#storedToken(stored);
        // Otherwise it has left its slot since: it is looked for once more.
        if (value !== undefined) return { ok: true, value };
      }
    });
  }

  /** A token's change records, oldest first (R17). */
  history(id: string): Promise<Result<HistoryView>> {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const changes = await archive.history(tokenId(id));
      return changes.length === 0
        ? refused({ code: 'token_not_found' })
        : { ok: true, value: { token_id: id, changes: changes.map(changeView) } };
    });
  }

  /** A doctor's slots of some days with everybody in them. */
  schedule(request: ScheduleRequest): Promise<Result<ScheduleView>> {
    const { engine, store, archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const errors = scheduleFaults(request);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const id = doctorId(request.doctor_id);
      const seen = await store.read(id, () => this.#daysInMemory(id, request));
      if (seen === undefined) return refused({ code: 'doctor_not_found' });
      const { facts, at, from, to, inMemory } = seen;
      const past = await archive.slots(
        id,
        from,
        to,
        new Set(inMemory.map((slot) => slotId(slot.id))),
      );
      const slots = past
        .map((slot) => slotView(detachedSlot(engine, facts, slot), at, engine.rules.graceMinutes))
        .concat(inMemory)
        .sort((a, b) => a.start_time.localeCompare(b.start_time));
      return { ok: true, value: { ...doctorView(facts), slots } };
    });
  }

  doctors(): Promise<Result<{ doctors: DoctorView[] }>> {
    const { archive, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const doctors = await archive.doctors();
      return { ok: true, value: { doctors: doctors.map(doctorView) } };
    });
  }

  doctor(id: string): Promise<Result<DoctorView>> {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const facts = await store.read(doctorId(id), () => engine.doctor(doctorId(id))?.facts);
      return facts === undefined
        ? refused({ code: 'doctor_not_found' })
        : { ok: true, value: doctorView(facts) };
    });
  }

  /** What is in memory of the days that a schedule is asked for; what is over may not be. */
  #daysInMemory(id: DoctorId, request: ScheduleRequest) {
    const { engine, clock } = this.#deps;
    const doctor = engine.doctor(id);
    if (doctor === undefined) return undefined;
    const at = clock();
    const [from, to] = rangeOf(request, localDateAt(at, doctor.facts.timeZone));
    const inMemory = doctor.slots
      .filter(({ facts: { date } }) => date >= from && date <= to)
      .map((slot) => slotView(slot, at, engine.rules.graceMinutes));
    return { facts: doctor.facts, at, from, to, inMemory };
  }

  /** A live token of a slot in memory. */
  #liveToken(id: string, doctor: DoctorId): Promise<TokenView | undefined> {
    const { engine, store, clock } = this.#deps;
    return store.read(doctor, () => {
      const token = engine.token(tokenId(id));
      const isThere = token?.slot.facts.doctorId === doctor;
      return isThere ? tokenView(token, clock()) : undefined;
    });
  }

  /** A token as it is kept; undefined when it is elsewhere by now. */
  async #storedToken(stored: StoredToken): Promise<TokenView | undefined> {
    const { engine, archive, clock } = this.#deps;
    const { id, doctorId: doctor, status } = stored;
    const live = isLive(status) ? await this.#liveToken(id, doctor) : undefined;
    if (live !== undefined) return live;
    const slot = await archive.slot(stored.slotId);
    if (slot === undefined) throw new Error(`The slot of token ${id} is not in the store.`);
    const facts = engine.doctor(doctor)?.facts;
    if (!isLive(status) || facts === undefined) return overTokenView(stored, slot.facts);
    // Its slot is over: a seat and a place in line are looked up in the slot as it is kept.
    const token = detachedSlot(engine, facts, slot)
      .tokens()
      .find((each) => each.id === id);
    return token && tokenView(token, clock());
  }
}

function scheduleFaults({ date, from, to }: ScheduleRequest): Fault[] {
  const faults = dateFaultsOf({ date, from, to });
  if (faults.length > 0) return faults;
  if (date !== undefined && (from !== undefined || to !== undefined))
    return [{ pointer: '/date', detail: 'must not stand beside from or to' }];
  if ((from === undefined) !== (to === undefined))
    return [{ pointer: from === undefined ? '/from' : '/to', detail: 'must be given too' }];
  if (from === undefined || to === undefined) return [];
  const days = daysBetween(localDate(from), localDate(to)) + 1;
  return days >= 1 && days <= SCHEDULE_DAYS_MAX
    ? []
    : [{ pointer: '/to', detail: `must be from on, ${SCHEDULE_DAYS_MAX} days at most` }];
}

function rangeOf({ date, from, to }: ScheduleRequest, today: LocalDate): [LocalDate, LocalDate] {
  if (date !== undefined) return [localDate(date), localDate(date)];
  if (from !== undefined && to !== undefined) return [localDate(from), localDate(to)];
  return [today, plusDays(today, 1)];
}
