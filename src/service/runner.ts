import {
  isLive,
  type AllocationEngine,
  type Change,
  type DoctorId,
  type EpochMs,
  type Moment,
  type Outcome,
  type SlotId,
  type Token,
  type TokenId,
} from '../engine/index.ts';
import type { Archive, Scope, Store } from '../store/index.ts';
import { publish } from '../telemetry/index.ts';
import { calendarAt } from './calendar.ts';
import type { CommandContext } from './caller.ts';
import type { CommandName } from './commands.ts';
import {
  firstAnswer,
  Idempotency,
  type Answer,
  type BuildResponse,
  type KeyedContext,
} from './idempotency.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refusalOf, refused, type Refusal, type Result } from './refusal.ts';
import { transact } from './transact.ts';

export interface CommandDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
  readonly newId: (at: EpochMs) => TokenId;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

/** What goes on record with a command's changes, and how the response to be stored is made. */
export interface Intent {
  readonly actor: string;
  readonly reason: string | null;
  readonly buildResponse: BuildResponse;
}

/**
 * Turns a value of the engine into a plain value that a caller can be shown. It runs at the instant of the decision,
 * because the engine's own objects go on changing while the answer waits for the disk.
 */
export type Projection<Value, View> = (value: Value, moment: Moment) => View;

/** What an answer shows: the state of the engine at an instant. */
export const momentAt = (engine: AllocationEngine, at: EpochMs): Moment => ({
  engine,
  at,
  todayIn: calendarAt(at),
});

/** How a command is decided, and how its outcome is shown. */
export interface CommandStep<Value, View> {
  readonly decide: (at: EpochMs) => Outcome<Value> | { ok: false; refusal: Refusal };
  readonly project: Projection<Value, View>;
  /** Whether the changes are rolled back before anything else runs. */
  readonly isDryRun?: boolean;
}

/** A command that has no answer yet. */
interface StartedCommand {
  readonly name: CommandName;
  /** Milliseconds on the clock of `performance`. */
  readonly startedMs: number;
}

/** The result of a decision in one transaction. */
interface Decided<T> {
  readonly changes: readonly Change[];
  readonly result: T;
}

/** Runs commands: each once for its idempotency key, decided by the engine in one step, answered when it is durable. */
export class Runner {
  readonly #deps: CommandDeps;
  readonly #idempotency: Idempotency;

  constructor(deps: CommandDeps) {
    this.#deps = deps;
    this.#idempotency = new Idempotency(deps.archive);
  }

  /**
   * Runs a command if the service is ready.
   * @param reason goes on record with each change of the command
   */
  async run<View>(
    name: CommandName,
    context: CommandContext,
    command: (intent: Intent) => Promise<Result<View>>,
    reason: string | null = null,
  ): Promise<Answer<View>> {
    const { lifecycle, clock } = this.#deps;
    const code = lifecycle.unreadiness;
    const started = { name, startedMs: performance.now() };
    if (code !== undefined) return published(started, firstAnswer(refused({ code })));
    const { actor } = context.identity;
    try {
      const answer = isKeyed(context)
        ? await this.#idempotency.runOnce(context, clock(), (buildResponse) =>
            command({ actor, reason, buildResponse }),
          )
        : firstAnswer(await command({ actor, reason, buildResponse: storeNothing }));
      return published(started, answer);
    } catch (error) {
      return published(started, firstAnswer(refused(refusalOf(error))));
    }
  }

  /** Runs a step on the doctors of the scope. */
  decide<Value, View>(
    scope: Scope,
    intent: Intent,
    step: CommandStep<Value, View>,
  ): Promise<Result<View>> {
    return this.#transact(scope, intent, (at) => this.#decided(step, at));
  }

  /**
   * Runs a step on the doctor who has the token. The token's slot is loaded if it has been evicted from memory.
   * @param more the doctors and slots that the step touches beside those of the token
   * @param reach which tokens the step takes: live ones, or also those that are over
   */
  decideOnToken<Value, View>(
    id: TokenId,
    intent: Intent,
    step: CommandStep<Value, View>,
    { more = { doctorIds: [] }, reach = 'live' }: { more?: Scope; reach?: Reach } = {},
  ): Promise<Result<View>> {
    const scopeOf = async (): Promise<Scope | Refusal> => {
      const own = await this.#scopeOfToken(id, reach);
      return 'code' in own ? own : union(own, more);
    };
    const isInScope = (scope: Scope): boolean => isTokenIn(scope, this.#token(id, reach));
    return this.decideIn(scopeOf, isInScope, intent, step);
  }

  /**
   * Runs a step on a scope that is read before the decision.
   * @param scopeOf reads the scope, or finds the refusal when there is none
   * @param isCurrent whether the scope still has everything that it was read for; otherwise it is read again
   */
  async decideIn<Value, View>(
    scopeOf: () => Promise<Scope | Refusal>,
    isCurrent: (scope: Scope) => boolean,
    intent: Intent,
    step: CommandStep<Value, View>,
  ): Promise<Result<View>> {
    for (;;) {
      const scope = await scopeOf();
      if ('code' in scope) return this.refuse(scope, intent);
      const result = await this.#transact<Result<View> | ScopeOutdated>(scope, intent, (at) =>
        isCurrent(scope) ? this.#decided(step, at) : { changes: [], result: SCOPE_OUTDATED },
      );
      if (result !== SCOPE_OUTDATED) return result;
    }
  }

  /** Answers with a refusal that was found before a decision, and stores that response. */
  refuse(refusal: Refusal, intent: Intent): Promise<Result<never>> {
    return this.#transact({ doctorIds: [] }, intent, () => ({
      changes: [],
      result: refused(refusal),
    }));
  }

  /** The scope of a command on a slot, or on the next slot of a session; undefined when the id names neither. */
  async scopeOfSlot(id: SlotId): Promise<Scope | undefined> {
    const owner = await this.#deps.store.ownerOf(id);
    return owner && { doctorIds: [owner], slotIds: [id] };
  }

  /** The scope of a command on a token, or the refusal when no command on it is possible. */
  async #scopeOfToken(id: TokenId, reach: Reach): Promise<Scope | Refusal> {
    const token = this.#token(id, reach);
    if (token !== undefined) return { doctorIds: [token.slot.facts.doctorId] };
    const stored = await this.#deps.archive.token(id);
    if (stored === undefined) return { code: 'token_not_found' };
    if (reach === 'any' || isLive(stored.status))
      return { doctorIds: [stored.doctorId], slotIds: [stored.slotId] };
    return stored.status === 'CANCELLED'
      ? { code: 'token_already_cancelled' }
      : { code: 'invalid_transition', from: stored.status, allowed: [] };
  }

  #token(id: TokenId, reach: Reach): Token | undefined {
    const { engine } = this.#deps;
    return reach === 'live' ? engine.token(id) : engine.anyToken(id);
  }

  #decided<Value, View>(step: CommandStep<Value, View>, at: EpochMs): Decided<Result<View>> {
    const { engine } = this.#deps;
    if (step.isDryRun !== true) return this.#changed(step, at);
    // The same code, and so the same answer.
    const { result } = engine.dryRun(() => this.#changed(step, at));
    return { changes: [], result };
  }

  #changed<Value, View>(
    { decide, project }: CommandStep<Value, View>,
    at: EpochMs,
  ): Decided<Result<View>> {
    const outcome = decide(at);
    if (!outcome.ok) return { changes: [], result: outcome };
    const value = project(outcome.value, momentAt(this.#deps.engine, at));
    return { changes: outcome.changes, result: { ok: true, value } };
  }

  /** No response is stored when the scope is outdated, because the command is still to be decided. */
  #transact<T extends Result<unknown> | ScopeOutdated>(
    scope: Scope,
    { actor, reason, buildResponse }: Intent,
    decide: (at: EpochMs) => Decided<T>,
  ): Promise<T> {
    const { engine, store, clock } = this.#deps;
    return transact(engine, store, scope, () => {
      const at = clock();
      const { changes, result } = decide(at);
      const response = result === SCOPE_OUTDATED ? null : buildResponse(result, at);
      return { changes, answer: result, origin: { actor, reason }, response };
    });
  }
}

/**
 * The result when something that the scope was read for has left it, for example a token that was moved to another
 * doctor or is over. Nothing was decided, and the scope is read again.
 */
const SCOPE_OUTDATED = 'scope is outdated';
type ScopeOutdated = typeof SCOPE_OUTDATED;

/** Which tokens a command takes: live ones, or also those that are over. */
type Reach = 'live' | 'any';

/** Whether the token is in memory, with a doctor of the scope. */
export const isTokenIn = ({ doctorIds }: Scope, token: Token | undefined): boolean =>
  token !== undefined && doctorIds.includes(token.slot.facts.doctorId);

/** Two scopes as one: each doctor once, in the order of their ids, because they are locked in that order. */
export const union = (a: Scope, b: Scope): Scope => ({
  doctorIds: [...new Set<DoctorId>([...a.doctorIds, ...b.doctorIds])].sort(),
  slotIds: [...(a.slotIds ?? []), ...(b.slotIds ?? [])],
  sessions: [...(a.sessions ?? []), ...(b.sessions ?? [])],
  isSetup: a.isSetup === true || b.isSetup === true,
  isHospitalWide: a.isHospitalWide === true || b.isHospitalWide === true,
});

const isKeyed = (context: CommandContext): context is KeyedContext => context.idempotency !== null;

/** Without an idempotency key no response is stored. */
const storeNothing: BuildResponse = () => null;

/** Publishes that a command has its answer, and returns the answer. */
function published<T>({ name, startedMs }: StartedCommand, answer: Answer<T>): Answer<T> {
  publish('opd:command', () => ({
    name,
    outcome: answer.result.ok ? 'ok' : answer.result.refusal.code,
    isReplay: answer.isReplay,
    ms: performance.now() - startedMs,
  }));
  return answer;
}
