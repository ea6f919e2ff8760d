import {
  doctorId,
  patientId,
  slotId,
  tokenId,
  type EpochMs,
  type Departure,
  type LocalDate,
  type Outcome,
  type Reordered,
  type Token,
} from '../engine/index.ts';
import { localDateAt } from './calendar.ts';
import type { Answer, Caller } from './idempotency.ts';
import type { Result } from './refusal.ts';
import { intentOf, type CommandDeps, type Runner, type CommandStep } from './runner.ts';
import {
  bookingView,
  calledView,
  cancelView,
  noShowView,
  reorderedView,
  tokenView,
  type BookingView,
  type CalledView,
  type CancelView,
  type NoShowView,
  type ReorderedView,
  type TokenView,
} from './views.ts';

export interface BookRequest {
  readonly doctor_id: string;
  readonly slot_id: string;
  readonly patient_name: string;
  readonly patient_type: string;
  readonly patient_id?: string;
}

export interface TokenRequest {
  readonly token_id: string;
}

export interface CancelRequest extends TokenRequest {
  readonly reason?: string;
}

export interface NoShowRequest extends TokenRequest {
  /** Also before the slot starts. */
  readonly force?: boolean;
}

export interface CallNextRequest {
  readonly doctor_id: string;
  readonly slot_id?: string;
  /** Completes who is in consultation. */
  readonly complete_current?: boolean;
}

export interface MoveRequest extends TokenRequest {
  readonly slot_id: string;
}

export interface ReclassifyRequest extends TokenRequest {
  readonly patient_type: string;
  readonly reason: string;
}

/** The commands on a patient's token, from the booking to the end of the visit. */
export class TokenCommands {
  readonly #deps: CommandDeps;
  readonly #runner: Runner;

  constructor(deps: CommandDeps, runner: Runner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /** Books a patient into a slot, or into the next slot of a session (R1-R4, R15). */
  book(request: BookRequest, caller: Caller): Promise<Answer<BookingView>> {
    const { engine, newId } = this.#deps;
    const doctor = doctorId(request.doctor_id);
    const slot = slotId(request.slot_id);
    const isAlias = engine.sessionDoctor(slot) !== undefined;
    const scope = { doctorIds: [doctor], slotIds: isAlias ? [] : [slot] };
    return this.#runner.runOnce('book', request, caller, (keep) =>
      this.#runner.decide(scope, intentOf(caller, keep), {
        decide: (at) =>
          engine.book({
            doctorId: doctor,
            slotId: slot,
            tokenId: newId(at),
            patientName: request.patient_name.trim(),
            patientId: request.patient_id === undefined ? null : patientId(request.patient_id),
            patientType: request.patient_type,
            at,
          }),
        view: (booked, at) => bookingView(booked, at, engine.rules.graceMinutes),
      }),
    );
  }

  /** Cancels a token, seated or waiting (R5, R6); after its slot has ended too (R11). */
  cancel(request: CancelRequest, caller: Caller): Promise<Answer<CancelView>> {
    const { engine } = this.#deps;
    const step: CommandStep<Departure, CancelView> = {
      decide: (at) => engine.cancel({ tokenId: tokenId(request.token_id), at }),
      view: cancelView,
    };
    return this.#onToken('cancel', request, caller, step, request.reason);
  }

  /** Marks a patient who did not come (R5), not before the slot starts unless forced. */
  noShow(request: NoShowRequest, caller: Caller): Promise<Answer<NoShowView>> {
    const { engine } = this.#deps;
    const { token_id, force = false } = request;
    const step: CommandStep<Departure, NoShowView> = {
      decide: (at) => engine.noShow({ tokenId: tokenId(token_id), force, at }),
      view: noShowView,
    };
    return this.#onToken('no-show', request, caller, step);
  }

  /** Marks a patient as being at the desk. */
  checkIn(request: TokenRequest, caller: Caller): Promise<Answer<TokenView>> {
    const { engine } = this.#deps;
    return this.#visit('check-in', request, caller, (at) =>
      engine.checkIn({ tokenId: tokenId(request.token_id), at }),
    );
  }

  /** Takes a patient to the doctor. */
  start(request: TokenRequest, caller: Caller): Promise<Answer<TokenView>> {
    const { engine } = this.#deps;
    const id = tokenId(request.token_id);
    return this.#visit('start', request, caller, (at) =>
      engine.start({ tokenId: id, today: this.#todayOf(engine.token(id)?.slot.doctor, at), at }),
    );
  }

  /** Ends a consultation. */
  complete(request: TokenRequest, caller: Caller): Promise<Answer<TokenView>> {
    const { engine } = this.#deps;
    return this.#visit('complete', request, caller, (at) =>
      engine.complete({ tokenId: tokenId(request.token_id), at }),
    );
  }

  /** Takes the next checked-in patient to the doctor, and completes who is there if asked to. */
  callNext(request: CallNextRequest, caller: Caller): Promise<Answer<CalledView>> {
    const { engine } = this.#deps;
    const { doctor_id, slot_id, complete_current: completeCurrent = false } = request;
    const doctor = doctorId(doctor_id);
    const slot = slot_id === undefined ? null : slotId(slot_id);
    const isAlias = slot !== null && engine.sessionDoctor(slot) !== undefined;
    const scope = { doctorIds: [doctor], slotIds: slot === null || isAlias ? [] : [slot] };
    return this.#runner.runOnce('call-next', request, caller, (keep) =>
      this.#runner.decide(scope, intentOf(caller, keep), {
        decide: (at) => {
          const today = this.#todayOf(engine.doctor(doctor), at);
          return engine.callNext({ doctorId: doctor, slotId: slot, completeCurrent, today, at });
        },
        view: calledView,
      }),
    );
  }

  /** Moves a patient to another slot, of whichever doctor; refused, the patient keeps the old place (R13). */
  move(request: MoveRequest, caller: Caller): Promise<Answer<ReorderedView>> {
    const { engine } = this.#deps;
    const step: CommandStep<Reordered, ReorderedView> = {
      decide: (at) =>
        engine.move({ tokenId: tokenId(request.token_id), slotId: slotId(request.slot_id), at }),
      view: (moved, at) => reorderedView(moved, at, engine.rules.graceMinutes),
    };
    return this.#runner.runOnce('move', request, caller, async (keep) => {
      const intent = intentOf(caller, keep);
      const target = await this.#runner.scopeOfSlot(slotId(request.slot_id));
      return target === undefined
        ? this.#runner.refuse({ code: 'slot_not_found' }, intent)
        : this.#runner.decideOnToken(request.token_id, intent, step, target);
    });
  }

  /** Gives a patient another class, for a reason that goes on record (R14). */
  reclassify(request: ReclassifyRequest, caller: Caller): Promise<Answer<ReorderedView>> {
    const { engine } = this.#deps;
    const { token_id, patient_type: patientType, reason } = request;
    const step: CommandStep<Reordered, ReorderedView> = {
      decide: (at) => engine.reclassify({ tokenId: tokenId(token_id), patientType, at }),
      view: (moved, at) => reorderedView(moved, at, engine.rules.graceMinutes),
    };
    return this.#onToken('reclassify', request, caller, step, reason);
  }

  #visit(
    name: string,
    request: TokenRequest,
    caller: Caller,
    decide: (at: EpochMs) => Outcome<Token>,
  ): Promise<Answer<TokenView>> {
    return this.#onToken(name, request, caller, { decide, view: tokenView });
  }

  #onToken<Value, View>(
    name: string,
    request: TokenRequest,
    caller: Caller,
    step: CommandStep<Value, View>,
    reason: string | null = null,
  ): Promise<Answer<View>> {
    return this.#runner.runOnce(name, request, caller, (keep): Promise<Result<View>> =>
      this.#runner.decideOnToken(request.token_id, intentOf(caller, keep, reason), step),
    );
  }

  /** The day at a doctor's place; any will do where the engine will not find the doctor either. */
  #todayOf(doctor: Token['slot']['doctor'] | undefined, at: EpochMs): LocalDate {
    return localDateAt(at, doctor?.facts.timeZone ?? 'UTC');
  }
}
