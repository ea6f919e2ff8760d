import {
  isLive,
  patientId,
  slotId,
  tokenId,
  doctorId,
  epochMs,
  type AllocationEngine,
  type Change,
  type Doctor,
  type EpochMs,
  type Left,
  type Outcome,
  type SlotFacts,
  type TokenCommand,
  type TokenId,
} from '../engine/index.ts';
import type { Scope, Store } from '../store/index.ts';
import { localDateAt, slotsOf } from './calendar.ts';
import { Idempotency, type Answer, type Caller, type Keep } from './idempotency.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refusalOf, refused, type Refusal, type Result } from './refusal.ts';
import { doctorFactsOf, faultsOf, type DoctorInput, type Fault } from './roster.ts';
import { slotIdsOf } from './slot-keeper.ts';
import {
  bookingView,
  cancelView,
  doctorView,
  noShowView,
  slotView,
  type BookingView,
  type CancelView,
  type DoctorView,
  type NoShowView,
  type SlotView,
} from './views.ts';

export interface CommandDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
  readonly newId: (at: EpochMs) => TokenId;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

export interface BookRequest {
  readonly doctor_id: string;
  readonly slot_id: string;
  readonly patient_name: string;
  readonly patient_type: string;
  readonly patient_id?: string;
}

export interface CancelRequest {
  readonly token_id: string;
  readonly reason?: string;
}

export interface SlotRequest {
  readonly doctor_id: string;
  /** RFC 3339. */
  readonly start_time: string;
  readonly end_time: string;
  readonly capacity: number;
  readonly id?: string;
}

export interface PutDoctorView {
  readonly isNew: boolean;
  readonly doctor: DoctorView;
}

/** Slots last a day at most. */
const SLOT_LENGTH_MAX_MS = 24 * 3_600_000;

/** What a command leaves to its runner: who asked, why, and whether the answer is kept. */
interface Intent {
  readonly actor: string;
  readonly reason: string | null;
  readonly keep: Keep;
}

/**
 * The commands: each runs once for its idempotency key, is decided by the engine in one step, and is answered when
 * it is durable.
 */
export class Commands {
  readonly #deps: CommandDeps;
  readonly #idempotency: Idempotency;

  constructor(deps: CommandDeps) {
    this.#deps = deps;
    this.#idempotency = new Idempotency(deps.store);
  }

  /** Books a patient into a slot, or into the next slot of a session (R1-R4, R15). */
  book(request: BookRequest, caller: Caller): Promise<Answer<BookingView>> {
    const { engine, newId } = this.#deps;
    const doctor = doctorId(request.doctor_id);
    const slot = slotId(request.slot_id);
    const scope = { doctorIds: [doctor], slotIds: engine.isSession(slot) ? [] : [slot] };
    return this.#once('book', request, caller, (keep) =>
      this.#decide(
        scope,
        { actor: caller.name, reason: null, keep },
        (at) =>
          engine.book({
            doctorId: doctor,
            slotId: slot,
            tokenId: newId(at),
            patientName: request.patient_name.trim(),
            patientId: request.patient_id === undefined ? null : patientId(request.patient_id),
            patientType: request.patient_type,
            at,
          }),
        (booked, at) => bookingView(booked, at, engine.rules.graceMinutes),
      ),
    );
  }

  /** Cancels a token, seated or waiting (R5, R6); after its slot has ended too (R11). */
  cancel(request: CancelRequest, caller: Caller): Promise<Answer<CancelView>> {
    const { engine } = this.#deps;
    const reason = request.reason ?? null;
    return this.#once('cancel', request, caller, (keep) =>
      this.#leave(
        request.token_id,
        { actor: caller.name, reason, keep },
        (command) => engine.cancel(command),
        cancelView,
      ),
    );
  }

  /** Marks a patient who did not come (R5). */
  noShow(request: { readonly token_id: string }, caller: Caller): Promise<Answer<NoShowView>> {
    const { engine } = this.#deps;
    return this.#once('no-show', request, caller, (keep) =>
      this.#leave(
        request.token_id,
        { actor: caller.name, reason: null, keep },
        (command) => engine.noShow(command),
        noShowView,
      ),
    );
  }

  /** Adds or revises a doctor and the slots of the sessions; repeating it changes nothing. */
  async putDoctor(id: string, input: DoctorInput, caller: Caller): Promise<Result<PutDoctorView>> {
    const { engine, clock, horizonDays, lifecycle } = this.#deps;
    if (lifecycle.unreadiness !== undefined) return refused({ code: lifecycle.unreadiness });
    const errors = faultsOf(input);
    if (errors.length > 0) return refused({ code: 'invalid_request', errors });
    const facts = doctorFactsOf(id, input);
    const planned = slotsOf(facts, clock(), {
      horizonDays,
      graceMinutes: engine.rules.graceMinutes,
    });
    let isNew = false;
    return this.#decide(
      { doctorIds: [facts.id], slotIds: slotIdsOf({ facts, planned }) },
      { actor: caller.name, reason: null, keep: () => null },
      (at) => {
        isNew = engine.doctor(facts.id) === undefined;
        return engine.putDoctor(facts, planned, at);
      },
      (doctor) => ({ isNew, doctor: doctorView(doctor) }),
    );
  }

  /** Opens a single slot outside the sessions. */
  addSlot(request: SlotRequest, caller: Caller): Promise<Answer<SlotView>> {
    return this.#once('slots', request, caller, async (keep) => {
      const { engine, clock, newId } = this.#deps;
      const errors = slotFaults(request);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const id = slotId(request.id ?? newId(clock()));
      return this.#decide(
        { doctorIds: [doctorId(request.doctor_id)], slotIds: [id] },
        { actor: caller.name, reason: null, keep },
        (at) => {
          const doctor = engine.doctor(doctorId(request.doctor_id));
          if (doctor === undefined) return refused({ code: 'doctor_not_found' });
          return engine.addSlot(singleSlot(request, id, doctor), at);
        },
        (slot, at) => slotView(slot, at, engine.rules.graceMinutes),
      );
    });
  }

  async #once<T>(
    name: string,
    request: object,
    caller: Caller,
    run: (keep: Keep) => Promise<Result<T>>,
  ): Promise<Answer<T>> {
    const { lifecycle, clock } = this.#deps;
    const code = lifecycle.unreadiness;
    if (code !== undefined) return { result: refused({ code }), isReplay: false };
    return this.#idempotency.once(caller, [name, request], clock(), run);
  }

  /** Finds the token's doctor, also when its slot is over and not in memory, and runs the command there. */
  async #leave<View>(
    id: string,
    intent: Intent,
    command: (command: TokenCommand) => Outcome<Left>,
    view: (left: Left, at: EpochMs) => View,
  ): Promise<Result<View>> {
    for (;;) {
      const scope = await this.#scopeOf(tokenId(id));
      if ('code' in scope) return this.#keepRefusal(scope, intent);
      const decide = (at: EpochMs): Outcome<Left> => command({ tokenId: tokenId(id), at });
      const result = await this.#decide(scope, intent, decide, view);
      // Somebody else took the token out of its slot between the two steps: what became of it is on record by now.
      if (result.ok || result.refusal.code !== 'token_not_found') return result;
    }
  }

  /** What a command on this token touches; or why there can be none. */
  async #scopeOf(id: TokenId): Promise<Scope | Refusal> {
    const { engine, store } = this.#deps;
    const token = engine.token(id);
    if (token !== undefined) return { doctorIds: [token.slot.facts.doctorId] };
    try {
      await store.settled();
    } catch (error) {
      return refusalOf(error);
    }
    const stored = await store.token(id);
    if (stored === undefined) return { code: 'token_not_found' };
    if (isLive(stored.status)) return { doctorIds: [stored.doctorId], slotIds: [stored.slotId] };
    return stored.status === 'CANCELLED'
      ? { code: 'token_already_cancelled' }
      : { code: 'invalid_transition', from: stored.status, allowed: [] };
  }

  #keepRefusal(refusal: Refusal, intent: Intent): Promise<Result<never>> {
    return this.#transact({ doctorIds: [] }, intent, () => ({
      changes: [],
      result: refused(refusal),
    }));
  }

  #decide<Value, View>(
    scope: Scope,
    intent: Intent,
    decide: (at: EpochMs) => Outcome<Value> | { ok: false; refusal: Refusal },
    view: (value: Value, at: EpochMs) => View,
  ): Promise<Result<View>> {
    return this.#transact(scope, intent, (at) => {
      const outcome = decide(at);
      return outcome.ok
        ? { changes: outcome.changes, result: { ok: true, value: view(outcome.value, at) } }
        : { changes: [], result: outcome };
    });
  }

  async #transact<View>(
    scope: Scope,
    { actor, reason, keep }: Intent,
    decide: (at: EpochMs) => { changes: readonly Change[]; result: Result<View> },
  ): Promise<Result<View>> {
    const { store, clock } = this.#deps;
    try {
      return await store.transact(scope, () => {
        const at = clock();
        const { changes, result } = decide(at);
        const isFinal = result.ok || scope.doctorIds.length === 0 || isAnswer(result.refusal);
        const kept = isFinal ? keep(result, at) : null;
        return { changes, answer: result, origin: { actor, reason }, kept };
      });
    } catch (error) {
      return refused(refusalOf(error));
    }
  }
}

/** A token that the engine does not have is looked for once more before that is an answer (see `#leave`). */
const isAnswer = ({ code }: Refusal): boolean => code !== 'token_not_found';

function slotFaults({ start_time, end_time }: SlotRequest): Fault[] {
  const faults = Object.entries({ start_time, end_time })
    .filter(([, instant]) => Number.isNaN(Date.parse(instant)))
    .map(([name]) => ({ pointer: `/${name}`, detail: 'must be an instant of RFC 3339' }));
  if (faults.length > 0) return faults;
  const length = Date.parse(end_time) - Date.parse(start_time);
  if (length <= 0) return [{ pointer: '/end_time', detail: 'must be later than start_time' }];
  return length <= SLOT_LENGTH_MAX_MS
    ? []
    : [{ pointer: '/end_time', detail: 'must be within 24 hours of start_time' }];
}

const singleSlot = (request: SlotRequest, id: SlotFacts['id'], { facts }: Doctor): SlotFacts => {
  const startTime = epochMs(Date.parse(request.start_time));
  return {
    id,
    doctorId: facts.id,
    sessionId: null,
    date: localDateAt(startTime, facts.timeZone),
    startTime,
    endTime: epochMs(Date.parse(request.end_time)),
    delayMinutes: 0,
    capacity: request.capacity,
    closedReason: null,
  };
};
