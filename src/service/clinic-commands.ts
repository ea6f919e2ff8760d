import {
  doctorId,
  localDate,
  SESSION_ENDED,
  slotId,
  type AllocationEngine,
  type ClosedSlot,
  type EpochMs,
  type Outcome,
  type RevisedSlot,
  type Slot,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import {
  dateFaultsOf,
  doctorFactsOf,
  faultsOf,
  type DoctorInput,
  type Fault,
} from './doctor-input.ts';
import { planOf, slotIdsOf } from './doctor-plan.ts';
import type { Answer, Caller } from './idempotency.ts';
import { refused, type Refusal, type Result } from './refusal.ts';
import { singleSlotOf, slotFaultsOf, type SlotInput } from './roster/single-slot.ts';
import {
  intentOf,
  union,
  type CommandDeps,
  type Intent,
  type Runner,
  type CommandStep,
} from './runner.ts';
import {
  closedView,
  delayView,
  doctorView,
  revisedView,
  slotView,
  type ClosedView,
  type DelayView,
  type DoctorView,
  type RevisedView,
  type SlotView,
} from './views.ts';

export type SlotRequest = Omit<SlotInput, 'id'> & { readonly id?: string };

export interface ReviseSlotRequest {
  /** Seats. */
  readonly capacity?: number;
  readonly delay_minutes?: number;
}

export interface CloseSlotRequest {
  readonly reason: string;
  readonly move_to?: string;
}

export interface DelayRequest {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly minutes: number;
}

export interface PutDoctorView {
  readonly isNew: boolean;
  readonly doctor: DoctorView;
}

/** The commands on doctors and slots. */
export class ClinicCommands {
  readonly #deps: CommandDeps;
  readonly #runner: Runner;

  constructor(deps: CommandDeps, runner: Runner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /** Adds or revises a doctor and the slots of the sessions; repeating it changes nothing. */
  putDoctor(id: string, input: DoctorInput, caller: Caller): Promise<Result<PutDoctorView>> {
    return this.#runner.whenReady(async () => {
      const { engine } = this.#deps;
      const errors = faultsOf(input);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const plan = planOf(this.#deps, doctorFactsOf(id, input));
      const { facts, planned } = plan;
      let isNew = false;
      const scope = { doctorIds: [facts.id], slotIds: slotIdsOf(plan), isSetup: true };
      return this.#runner.decide(scope, intentOf(caller), {
        decide: (at) => {
          isNew = engine.doctor(facts.id) === undefined;
          return engine.putDoctor(facts, planned, at);
        },
        view: (doctor) => ({ isNew, doctor: doctorView(doctor.facts) }),
      });
    });
  }

  /** Opens a single slot outside the sessions. */
  addSlot(request: SlotRequest, caller: Caller): Promise<Answer<SlotView>> {
    return this.#runner.runOnce('slots', request, caller, async (keep) => {
      const { engine, clock, newId } = this.#deps;
      const errors = slotFaultsOf(request);
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const id = slotId(request.id ?? newId(clock()));
      const scope = { doctorIds: [doctorId(request.doctor_id)], slotIds: [id], isSetup: true };
      return this.#runner.decide(scope, intentOf(caller, keep), {
        decide: (at): Outcome<Slot> | { ok: false; refusal: Refusal } => {
          const doctor = engine.doctor(doctorId(request.doctor_id));
          if (doctor === undefined) return refused({ code: 'doctor_not_found' });
          return engine.addSlot(singleSlotOf({ ...request, id }, doctor.facts), at);
        },
        view: (slot, at) => slotView(slot, at, engine.rules.graceMinutes),
      });
    });
  }

  /** Sets a slot's seats and delay (R12). */
  reviseSlot(
    id: string,
    request: ReviseSlotRequest,
    caller: Caller,
    isTrial: boolean,
  ): Promise<Result<RevisedView>> {
    const { capacity, delay_minutes: delayMinutes } = request;
    const { graceMinutes } = this.#deps.engine.rules;
    return this.#runner.whenReady(async () => {
      const scope = await this.#runner.scopeOfSlot(slotId(id));
      return this.#onSlots<RevisedSlot, RevisedView>(scope, intentOf(caller), {
        isDryRun: isTrial,
        decide: (engine, at) =>
          engine.reviseSlot({ slotId: slotId(id), capacity, delayMinutes, at }),
        view: (revised, at) => revisedView(revised, at, graceMinutes),
      });
    });
  }

  /** Closes a slot; its patients are moved to another one or cancelled, and all of them are listed (R13). */
  closeSlot(
    id: string,
    request: CloseSlotRequest,
    caller: Caller,
    isTrial: boolean,
  ): Promise<Answer<ClosedView>> {
    const { reason } = request;
    const moveTo = request.move_to === undefined ? null : slotId(request.move_to);
    const { graceMinutes } = this.#deps.engine.rules;
    return this.#once(isTrial, `slots/${id}/close`, request, caller, async (intent) => {
      if (reason === SESSION_ENDED)
        return refused({ code: 'invalid_request', errors: [RESERVED_REASON] });
      const own = await this.#runner.scopeOfSlot(slotId(id));
      const target = moveTo === null ? NOTHING : await this.#runner.scopeOfSlot(moveTo);
      const scope = own && target && union(own, target);
      return this.#onSlots<ClosedSlot, ClosedView>(
        scope,
        { ...intent, reason },
        {
          isDryRun: isTrial,
          decide: (engine, at) => engine.closeSlot({ slotId: slotId(id), reason, moveTo, at }),
          view: (closed, at) => closedView(closed, at, graceMinutes),
        },
      );
    });
  }

  /** Sets by how much a doctor runs late on a day. */
  delayDay(
    id: string,
    request: DelayRequest,
    caller: Caller,
    isTrial: boolean,
  ): Promise<Answer<DelayView>> {
    const { minutes } = request;
    const { graceMinutes } = this.#deps.engine.rules;
    return this.#once(isTrial, `doctors/${id}/delay`, request, caller, async (intent) => {
      const errors = dateFaultsOf({ date: request.date });
      if (errors.length > 0) return refused({ code: 'invalid_request', errors });
      const command = { doctorId: doctorId(id), date: localDate(request.date), minutes };
      return this.#onSlots({ doctorIds: [command.doctorId] }, intent, {
        isDryRun: isTrial,
        decide: (engine, at) => engine.delayDay({ ...command, at }),
        view: (slots, at) => delayView({ ...command, slots }, at, graceMinutes),
      });
    });
  }

  /** What is only tried is not a command: its key, if any, stays unused. */
  #once<T>(
    isTrial: boolean,
    name: string,
    request: object,
    caller: Caller,
    run: (intent: Intent) => Promise<Result<T>>,
  ): Promise<Answer<T>> {
    const { name: actor } = caller;
    const once = isTrial ? { name: actor, idempotencyKey: null } : caller;
    return this.#runner.runOnce(name, request, once, (keep) => run(intentOf(caller, keep)));
  }

  /** Runs a step on the engine, or a trial of it on a copy of its doctors: the same code, and so the same answer. */
  #onSlots<Value, View>(
    scope: Scope | undefined,
    intent: Intent,
    step: Omit<CommandStep<Value, View>, 'decide'> & {
      readonly decide: (engine: AllocationEngine, at: EpochMs) => Outcome<Value>;
    },
  ): Promise<Result<View>> {
    const { engine } = this.#deps;
    if (scope === undefined) return this.#runner.refuse({ code: 'slot_not_found' }, intent);
    return this.#runner.decide(scope, intent, {
      ...step,
      decide: (at) =>
        step.decide(step.isDryRun ? engine.copyForDryRun(scope.doctorIds) : engine, at),
    });
  }
}

const NOTHING: Scope = { doctorIds: [] };

const RESERVED_REASON: Fault = {
  pointer: '/reason',
  detail: `must not be ${SESSION_ENDED}, which says that a session has ended`,
};
