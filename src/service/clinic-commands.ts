import {
  doctorId,
  SESSION_ENDED,
  slotId,
  type ClosedSlot,
  type CloseSlot,
  type DelayDay,
  type DoctorFacts,
  type Outcome,
  type RevisedSlot,
  type ReviseSlot,
  type Slot,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import type { CommandContext } from './caller.ts';
import type { CommandName } from './commands.ts';
import { dateFaultsOf, doctorFactsOf, faultsOf, type DoctorInput } from './doctor-input.ts';
import { planOf, slotIdsOf } from './doctor-plan.ts';
import type { Fault } from './fault-words.ts';
import type { Answer } from './idempotency.ts';
import { refused, type Refusal, type Result } from './refusal.ts';
import { singleSlotOf, slotFaultsOf, type SlotInput } from './roster/single-slot.ts';
import {
  union,
  type CommandDeps,
  type CommandStep,
  type Intent,
  type Projection,
  type Runner,
} from './runner.ts';

/** A command that can be a dry run: the same answer, and no change. */
interface DryRunnable {
  readonly isDryRun: boolean;
}

/** A single slot as a roster writes it; without an id it gets a new one. */
export type AddSlotCommand = Omit<SlotInput, 'id'> & { readonly id?: string };
export type ReviseSlotCommand = Omit<ReviseSlot, 'at'> & DryRunnable;
export type CloseSlotCommand = Omit<CloseSlot, 'at'> & DryRunnable;
export type DelayDayCommand = Omit<DelayDay, 'at'> & DryRunnable;

/** A doctor who was added or revised. */
export interface PutDoctor {
  readonly isNew: boolean;
  readonly doctor: DoctorFacts;
}

/** The open slots of a day that have not ended, all with the same delay now. */
export interface DelayedDay extends Omit<DelayDay, 'at'> {
  readonly slots: readonly Slot[];
}

/** The commands on doctors and slots. */
export class ClinicCommands {
  readonly #deps: CommandDeps;
  readonly #runner: Runner;

  constructor(deps: CommandDeps, runner: Runner) {
    this.#deps = deps;
    this.#runner = runner;
  }

  /**
   * Adds or revises a doctor and the slots of the sessions; repeating it changes nothing.
   * @param input the doctor as a roster writes it
   */
  putDoctor<View>(
    id: string,
    input: DoctorInput,
    context: CommandContext,
    project: Projection<PutDoctor, View>,
  ): Promise<Answer<View>> {
    return this.#runner.run('putDoctor', context, (intent) => {
      const { engine } = this.#deps;
      const errors = faultsOf(input);
      if (errors.length > 0) return Promise.resolve(refused({ code: 'invalid_request', errors }));
      const plan = planOf(this.#deps, doctorFactsOf(id, input));
      const { facts, planned } = plan;
      let isNew = false;
      const scope = { doctorIds: [facts.id], slotIds: slotIdsOf(plan), isSetup: true };
      return this.#runner.decide(scope, intent, {
        decide: (at) => {
          isNew = engine.doctor(facts.id) === undefined;
          return engine.putDoctor(facts, planned, at);
        },
        project: (doctor, moment) => project({ isNew, doctor: doctor.facts }, moment),
      });
    });
  }

  /** Opens a single slot outside the sessions. */
  addSlot<View>(
    command: AddSlotCommand,
    context: CommandContext,
    project: Projection<Slot, View>,
  ): Promise<Answer<View>> {
    return this.#runner.run('addSlot', context, (intent) => {
      const { engine, clock, newId } = this.#deps;
      const errors = slotFaultsOf(command);
      if (errors.length > 0) return Promise.resolve(refused({ code: 'invalid_request', errors }));
      const id = slotId(command.id ?? newId(clock()));
      const scope = { doctorIds: [doctorId(command.doctor_id)], slotIds: [id], isSetup: true };
      return this.#runner.decide(scope, intent, {
        decide: (at): Outcome<Slot> | { ok: false; refusal: Refusal } => {
          const doctor = engine.doctor(doctorId(command.doctor_id));
          if (doctor === undefined) return refused({ code: 'doctor_not_found' });
          return engine.addSlot(singleSlotOf({ ...command, id }, doctor.facts), at);
        },
        project,
      });
    });
  }

  /** Sets a slot's seats and delay (R12). */
  reviseSlot<View>(
    { isDryRun, ...command }: ReviseSlotCommand,
    context: CommandContext,
    project: Projection<RevisedSlot, View>,
  ): Promise<Answer<View>> {
    return this.#run('reviseSlot', isDryRun, context, async (intent) => {
      const { engine } = this.#deps;
      const scope = await this.#runner.scopeOfSlot(command.slotId);
      return this.#onSlots(scope, intent, {
        isDryRun,
        decide: (at) => engine.reviseSlot({ ...command, at }),
        project,
      });
    });
  }

  /** Closes a slot; its patients are moved to another one or cancelled, and all of them are listed (R13). */
  closeSlot<View>(
    { isDryRun, ...command }: CloseSlotCommand,
    context: CommandContext,
    project: Projection<ClosedSlot, View>,
  ): Promise<Answer<View>> {
    const { slotId: id, reason, moveTo } = command;
    const close = async (intent: Intent): Promise<Result<View>> => {
      const { engine } = this.#deps;
      if (reason === SESSION_ENDED)
        return refused({ code: 'invalid_request', errors: [RESERVED_REASON] });
      const own = await this.#runner.scopeOfSlot(id);
      const target = moveTo === null ? NOTHING : await this.#runner.scopeOfSlot(moveTo);
      return this.#onSlots(own && target && union(own, target), intent, {
        isDryRun,
        decide: (at) => engine.closeSlot({ ...command, at }),
        project,
      });
    };
    return this.#run('closeSlot', isDryRun, context, close, reason);
  }

  /** Sets by how much a doctor runs late on a day. */
  delayDay<View>(
    { isDryRun, ...command }: DelayDayCommand,
    context: CommandContext,
    project: Projection<DelayedDay, View>,
  ): Promise<Answer<View>> {
    return this.#run('delayDay', isDryRun, context, (intent) => {
      const { engine } = this.#deps;
      const errors = dateFaultsOf({ date: command.date });
      if (errors.length > 0) return Promise.resolve(refused({ code: 'invalid_request', errors }));
      return this.#onSlots({ doctorIds: [command.doctorId] }, intent, {
        isDryRun,
        decide: (at) => engine.delayDay({ ...command, at }),
        project: (slots, moment) => project({ ...command, slots }, moment),
      });
    });
  }

  /** A dry run stores no answer: its idempotency key, if any, stays unused. */
  #run<View>(
    name: CommandName,
    isDryRun: boolean,
    context: CommandContext,
    command: (intent: Intent) => Promise<Result<View>>,
    reason: string | null = null,
  ): Promise<Answer<View>> {
    const own = isDryRun ? { ...context, idempotency: null } : context;
    return this.#runner.run(name, own, command, reason);
  }

  #onSlots<Value, View>(
    scope: Scope | undefined,
    intent: Intent,
    step: CommandStep<Value, View>,
  ): Promise<Result<View>> {
    return scope === undefined
      ? this.#runner.refuse({ code: 'slot_not_found' }, intent)
      : this.#runner.decide(scope, intent, step);
  }
}

const NOTHING: Scope = { doctorIds: [] };

const RESERVED_REASON: Fault = {
  pointer: '/reason',
  detail: `must not be ${SESSION_ENDED}: the service itself gives this reason when a session has ended`,
};
