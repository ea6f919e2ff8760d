import {
  doctorId,
  ON_LEAVE,
  SESSION_ENDED,
  slotId,
  type Change,
  type ClosedSlot,
  type CloseSlot,
  type DelayDay,
  type DoctorId,
  type EpochMs,
  type Outcome,
  type ReopenSlot,
  type RevisedSlot,
  type ReviseSlot,
  type SetBreak,
  type Slot,
  type SlotId,
  type Token,
  type TokenId,
} from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import type { CommandContext } from './caller.ts';
import { affectedByClosing } from './closing-record.ts';
import type { CommandName } from './commands.ts';
import { dateFaultsOf } from './doctor-input.ts';
import { runDryRunnable, type DryRunnable } from './dry-run.ts';
import type { Fault } from './fault-words.ts';
import type { Answer } from './idempotency.ts';
import { refused, type Refusal, type Result } from './refusal.ts';
import { singleSlotOf, slotFaultsOf, type SlotInput } from './roster/single-slot.ts';
import {
  isTokenIn,
  union,
  type CommandDeps,
  type CommandStep,
  type Intent,
  type Projection,
  type Runner,
} from './runner.ts';

/** A single slot as a roster writes it; without an id it gets a new one. */
export type AddSlotCommand = Omit<SlotInput, 'id'> & { readonly id?: string };
export type ReviseSlotCommand = Omit<ReviseSlot, 'at'> & DryRunnable;
export type CloseSlotCommand = Omit<CloseSlot, 'at'> & DryRunnable;
export type DelayDayCommand = Omit<DelayDay, 'at'> & DryRunnable;

export interface ReopenSlotCommand extends Omit<ReopenSlot, 'at'> {
  /** Goes on record. */
  readonly reason: string;
}

export interface SetBreakCommand extends Omit<SetBreak, 'at'> {
  /** Goes on record; null when the caller gave none. */
  readonly reason: string | null;
}

/** A slot that is open again. */
export interface ReopenedSlot {
  readonly slot: Slot;
  /** The tokens that its closing moved or cancelled, as they are now: they stay where they are. */
  readonly affected: readonly Token[];
}

/** A doctor's break, which lasts until this instant; null when there is none. */
export interface Break {
  readonly doctorId: DoctorId;
  readonly until: EpochMs | null;
}

/** The open slots of a day that have not ended, all with the same delay now. */
export interface DelayedDay extends Omit<DelayDay, 'at'> {
  readonly slots: readonly Slot[];
}

/** The commands on slots, and on the slots of a doctor's day. */
export class ClinicCommands {
  readonly #deps: CommandDeps;
  readonly #runner: Runner;

  constructor(deps: CommandDeps, runner: Runner) {
    this.#deps = deps;
    this.#runner = runner;
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

  /** Sets a slot's seats, delay and intake (R12, R23). */
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
    const { engine } = this.#deps;
    const close = async (intent: Intent): Promise<Result<View>> => {
      const fault = RESERVED_REASONS.get(reason);
      if (fault !== undefined) return refused({ code: 'invalid_request', errors: [fault] });
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

  /** Opens a closed slot again, and lists the tokens that its closing moved or cancelled (R24). */
  reopenSlot<View>(
    { slotId: id, reason }: ReopenSlotCommand,
    context: CommandContext,
    project: Projection<ReopenedSlot, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const reopen = (intent: Intent): Promise<Result<View>> => {
      let affected: readonly TokenId[] = [];
      let wasClosed: boolean | undefined;
      const scopeOf = async (): Promise<Scope | Refusal> => {
        const scope = await this.#runner.scopeOfSlot(id);
        if (scope === undefined) return { code: 'slot_not_found' };
        ({ affected, wasClosed } = await this.#affectedByClosing(id, scope));
        return this.#withTokens(scope, affected);
      };
      // The list is outdated when others have closed or reopened the slot since then. A past slot is in memory only now.
      const isCurrent = (scope: Scope): boolean =>
        (wasClosed === undefined || engine.slot(id)?.isClosed === wasClosed) &&
        affected.every((token) => isTokenIn(scope, engine.anyToken(token)));
      return this.#runner.decideIn(scopeOf, isCurrent, intent, {
        decide: (at) => engine.reopenSlot({ slotId: id, at }),
        project: (slot, moment) => {
          const tokens = affected.flatMap((token) => engine.anyToken(token) ?? []);
          return project({ slot, affected: tokens }, moment);
        },
      });
    };
    return this.#runner.run('reopenSlot', context, reopen, reason);
  }

  /** Sets how long a doctor's break lasts from now on, or ends it. */
  setBreak<View>(
    { reason, ...command }: SetBreakCommand,
    context: CommandContext,
    project: Projection<Break, View>,
  ): Promise<Answer<View>> {
    const { engine } = this.#deps;
    const { doctorId: id } = command;
    const decide = (intent: Intent): Promise<Result<View>> =>
      this.#runner.decide({ doctorIds: [id] }, intent, {
        decide: (at) => engine.setBreak({ ...command, at }),
        project: ({ breakUntil }, moment) => project({ doctorId: id, until: breakUntil }, moment),
      });
    return this.#runner.run('setBreak', context, decide, reason);
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

  /** The tokens of the slot's latest closing, and whether the slot was closed before they were read. */
  async #affectedByClosing(id: SlotId, { doctorIds }: Scope) {
    const { engine, store, archive } = this.#deps;
    let wasClosed: boolean | undefined;
    // The archive has only what is durable: a closing that is being written must not be missed.
    for (const doctor of doctorIds)
      wasClosed = await store.read(doctor, () => engine.slot(id)?.isClosed);
    const changes: Change[] = [];
    for await (const page of archive.slotChanges(id)) changes.push(...page);
    return { affected: affectedByClosing(changes), wasClosed };
  }

  /** The scope with the doctors and the slots of these tokens, wherever they are now. */
  async #withTokens(scope: Scope, tokens: readonly TokenId[]): Promise<Scope> {
    let all = scope;
    for (const id of tokens) {
      const token = await this.#deps.archive.token(id);
      if (token !== undefined)
        all = union(all, { doctorIds: [token.doctorId], slotIds: [token.slotId] });
    }
    return all;
  }

  #run<View>(
    name: CommandName,
    isDryRun: boolean,
    context: CommandContext,
    command: (intent: Intent) => Promise<Result<View>>,
    reason: string | null = null,
  ): Promise<Answer<View>> {
    return runDryRunnable(this.#runner, name, { isDryRun }, context, command, reason);
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

/** The closing reasons that the service itself gives, with the fault of a caller who gives one. */
const RESERVED_REASONS: ReadonlyMap<string, Fault> = new Map(
  Object.entries({
    [SESSION_ENDED]: 'when a session has ended',
    [ON_LEAVE]: 'on a day of leave or a holiday',
  }).map(([reason, when]) => [
    reason,
    {
      pointer: '/reason',
      detail: `must not be ${reason}: the service itself gives this reason ${when}`,
    },
  ]),
);
