import {
  doctorId,
  isLive,
  localDate,
  tokenId,
  type AllocationEngine,
  type Doctor,
  type EpochMs,
  type LocalDate,
  type PatientClass,
  type Slot,
} from '../engine/index.ts';
import { detachedSlot, type Store, type StoredToken } from '../store/index.ts';
import { daysBetween, localDateAt, plusDays } from './calendar.ts';
import { dateFaultsOf, type Fault } from './doctor-input.ts';
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
  type SlotView,
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
    const { engine, lifecycle, clock } = this.#deps;
    return lifecycle.read(async () => {
      const token = engine.token(tokenId(id));
      if (token !== undefined)
        return this.#told(token.slot.doctor, { ok: true, value: tokenView(token, clock()) });
      const stored = await this.#storedToken(id);
      return stored === undefined
        ? refused({ code: 'token_not_found' })
        : { ok: true, value: await this.#storedTokenView(stored) };
    });
  }

  /** A token's change records, oldest first (R17). */
  history(id: string): Promise<Result<HistoryView>> {
    const { store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      await store.settled();
      const changes = await store.history(tokenId(id));
      return changes.length === 0
        ? refused({ code: 'token_not_found' })
        : { ok: true, value: { token_id: id, changes: changes.map(changeView) } };
    });
  }

  /** A doctor's slots of some days with everybody in them. */
  schedule(request: ScheduleRequest): Promise<Result<ScheduleView>> {
    const { engine, store, lifecycle, clock } = this.#deps;
    return lifecycle.read(async () => {
      const doctor = engine.doctor(doctorId(request.doctor_id));
      const errors = scheduleFaults(request);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      if (doctor === undefined) return refused({ code: 'doctor_not_found' });
      const at = clock();
      const [from, to] = rangeOf(request, localDateAt(at, doctor.facts.timeZone));
      const viewOf = (slot: Slot): SlotView => slotView(slot, at, engine.rules.graceMinutes);
      // In one breath: a slot that comes into memory or leaves it is in one of the two.
      const stored = store.slots(doctor.facts.id, from, to);
      const inMemory = doctor.slots
        .filter(({ facts: { date } }) => date >= from && date <= to)
        .map(viewOf);
      const past = (await stored).map((slot) => viewOf(detachedSlot(engine, doctor.facts, slot)));
      const slots = [...inMemory, ...past].sort((a, b) => a.start_time.localeCompare(b.start_time));
      return this.#told(doctor, { ok: true, value: { ...doctorView(doctor), slots } });
    });
  }

  doctors(): Promise<Result<{ doctors: DoctorView[] }>> {
    const { engine, store, lifecycle } = this.#deps;
    return lifecycle.read(async () => {
      const doctors = Array.from(engine.doctors, doctorView);
      await store.settled();
      return { ok: true, value: { doctors } };
    });
  }

  doctor(id: string): Promise<Result<DoctorView>> {
    const { engine, lifecycle } = this.#deps;
    return lifecycle.read(() => {
      const doctor = engine.doctor(doctorId(id));
      return doctor === undefined
        ? Promise.resolve(refused({ code: 'doctor_not_found' }))
        : this.#told(doctor, { ok: true, value: doctorView(doctor) });
    });
  }

  /** Holds an answer back until all that it shows of this doctor is durable. */
  async #told<T>(doctor: Doctor, answer: Result<T>): Promise<Result<T>> {
    await this.#deps.store.settled(doctor.facts.id);
    return answer;
  }

  async #storedToken(id: string): Promise<StoredToken | undefined> {
    await this.#deps.store.settled();
    return this.#deps.store.token(tokenId(id));
  }

  async #storedTokenView(stored: StoredToken): Promise<TokenView> {
    const { engine, store, clock } = this.#deps;
    const slot = await store.slot(stored.slotId);
    if (slot === undefined) throw new Error(`The slot of token ${stored.id} is not in the store.`);
    const doctor = engine.doctor(stored.doctorId);
    if (!isLive(stored.status) || doctor === undefined) return overTokenView(stored, slot.facts);
    const detached = detachedSlot(engine, doctor.facts, slot);
    const token = detached.tokens().find(({ id }) => id === stored.id);
    return token === undefined ? overTokenView(stored, slot.facts) : tokenView(token, clock());
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
