import {
  isLive,
  tokenId,
  type AllocationEngine,
  type Change,
  type DoctorId,
  type EpochMs,
  type Outcome,
  type SlotId,
  type TokenId,
} from '../engine/index.ts';
import type { Scope, Store } from '../store/index.ts';
import { Idempotency, type Answer, type Caller, type BuildResponse } from './idempotency.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refusalOf, refused, type Refusal, type Result } from './refusal.ts';

export interface CommandDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly lifecycle: Lifecycle;
  readonly clock: () => EpochMs;
  readonly newId: (at: EpochMs) => TokenId;
  /** Days ahead for which sessions have their slots ready. */
  readonly horizonDays: number;
}

/** What a command leaves to its runner: who asked, why, and whether the answer is kept. */
export interface Intent {
  readonly actor: string;
  readonly reason: string | null;
  readonly buildResponse: BuildResponse;
}

/** The intent of a command for which nobody gives a reason. */
export const intentOf = (
  caller: Caller,
  keep: BuildResponse = () => null,
  reason: string | null = null,
): Intent => ({ actor: caller.name, reason, buildResponse: keep });

/** How a command is decided, and how its outcome is told. */
export interface CommandStep<Value, View> {
  readonly decide: (at: EpochMs) => Outcome<Value> | { ok: false; refusal: Refusal };
  readonly view: (value: Value, at: EpochMs) => View;
  /** Whether it is only tried: nothing of it is kept. */
  readonly isDryRun?: boolean;
}

/** Runs commands: each once for its idempotency key, decided by the engine in one step, answered when it is durable. */
export class Runner {
  readonly #deps: CommandDeps;
  readonly #idempotency: Idempotency;

  constructor(deps: CommandDeps) {
    this.#deps = deps;
    this.#idempotency = new Idempotency(deps.store);
  }

  /** Runs a command that a repeat may run again: PUT and PATCH take no key. */
  async whenReady<T>(run: () => Promise<Result<T>>): Promise<Result<T>> {
    const code = this.#deps.lifecycle.unreadiness;
    if (code !== undefined) return refused({ code });
    try {
      return await run();
    } catch (error) {
      return refused(refusalOf(error));
    }
  }

  /** @param name of the command, which belongs to what makes two requests the same */
  async runOnce<T>(
    name: string,
    request: object,
    caller: Caller,
    run: (keep: BuildResponse) => Promise<Result<T>>,
  ): Promise<Answer<T>> {
    const { lifecycle, clock } = this.#deps;
    const code = lifecycle.unreadiness;
    if (code !== undefined) return { result: refused({ code }), isReplay: false };
    try {
      return await this.#idempotency.runOnce(caller, [name, request], clock(), run);
    } catch (error) {
      return { result: refused(refusalOf(error)), isReplay: false };
    }
  }

  /** Runs a step on these doctors. */
  decide<Value, View>(
    scope: Scope,
    intent: Intent,
    { decide, view, isDryRun: isTrial = false }: CommandStep<Value, View>,
  ): Promise<Result<View>> {
    return this.#transact(scope, intent, (at) => {
      const outcome = decide(at);
      if (!outcome.ok) return { changes: [], result: outcome };
      const changes = isTrial ? [] : outcome.changes;
      return { changes, result: { ok: true, value: view(outcome.value, at) } };
    });
  }

  /**
   * Finds the token's doctor, also when its slot is over and not in memory, and runs the step there.
   * @param more what it touches besides
   */
  async decideOnToken<Value, View>(
    id: string,
    intent: Intent,
    step: CommandStep<Value, View>,
    more: Scope = { doctorIds: [] },
  ): Promise<Result<View>> {
    const { engine } = this.#deps;
    for (;;) {
      const own = await this.#scopeOf(tokenId(id));
      if ('code' in own) return this.refuse(own, intent);
      const scope = union(own, more);
      const result = await this.decide(scope, intent, {
        ...step,
        decide: (at) => {
          const doctor = engine.token(tokenId(id))?.slot.facts.doctorId;
          const isElsewhere = doctor !== undefined && !scope.doctorIds.includes(doctor);
          return isElsewhere ? refused({ code: 'token_not_found' }) : step.decide(at);
        },
      });
      // Somebody else moved the token, or took it out of its slot, between the two steps: it is looked for once more.
      if (result.ok || result.refusal.code !== 'token_not_found') return result;
    }
  }

  /** Answers with a refusal that was found before anything could be decided. */
  refuse(refusal: Refusal, intent: Intent): Promise<Result<never>> {
    return this.#transact({ doctorIds: [] }, intent, () => ({
      changes: [],
      result: refused(refusal),
    }));
  }

  /** What a command on this slot touches, whether the id is a slot's or a session's; undefined when it is neither. */
  async scopeOfSlot(id: SlotId): Promise<Scope | undefined> {
    const owner = await this.#deps.store.ownerOf(id);
    return owner && { doctorIds: [owner], slotIds: [id] };
  }

  /** What a command on this token touches; or why there can be none. */
  async #scopeOf(id: TokenId): Promise<Scope | Refusal> {
    const { engine, store } = this.#deps;
    const token = engine.token(id);
    if (token !== undefined) return { doctorIds: [token.slot.facts.doctorId] };
    const stored = await store.token(id);
    if (stored === undefined) return { code: 'token_not_found' };
    if (isLive(stored.status)) return { doctorIds: [stored.doctorId], slotIds: [stored.slotId] };
    return stored.status === 'CANCELLED'
      ? { code: 'token_already_cancelled' }
      : { code: 'invalid_transition', from: stored.status, allowed: [] };
  }

  #transact<View>(
    scope: Scope,
    { actor, reason, buildResponse: keep }: Intent,
    decide: (at: EpochMs) => { changes: readonly Change[]; result: Result<View> },
  ): Promise<Result<View>> {
    const { store, clock } = this.#deps;
    return store.transact(scope, () => {
      const at = clock();
      const { changes, result } = decide(at);
      const isFinal = result.ok || scope.doctorIds.length === 0 || isAnswer(result.refusal);
      const kept = isFinal ? keep(result, at) : null;
      return { changes, answer: result, origin: { actor, reason }, response: kept };
    });
  }
}

/** A token that is not where it was found is looked for once more before that is an answer (see `decideOnToken`). */
const isAnswer = ({ code }: Refusal): boolean => code !== 'token_not_found';

/** What two commands in one touch: each doctor once, in the order of ids, in which they are locked. */
export const union = (a: Scope, b: Scope): Scope => ({
  doctorIds: [...new Set<DoctorId>([...a.doctorIds, ...b.doctorIds])].sort(),
  slotIds: [...(a.slotIds ?? []), ...(b.slotIds ?? [])],
});
