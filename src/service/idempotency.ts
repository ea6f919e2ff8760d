import { hash } from 'node:crypto';
import type { EpochMs } from '../engine/index.ts';
import { IdempotencyKeyTakenError, type StoredResponse, type Store } from '../store/index.ts';
import { refused, type Result } from './refusal.ts';

/** Who sends a command, and the key under which its answer is to be kept. */
export interface Caller {
  readonly name: string;
  readonly idempotencyKey: string | null;
}

/** A command's answer; `isReplay` when it is the one given before under the same key. */
export interface Answer<T> {
  readonly result: Result<T>;
  readonly isReplay: boolean;
}

/** Makes of a command's result what is to be kept with its effect; null when nothing is. */
export type BuildResponse = (result: Result<unknown>, at: EpochMs) => StoredResponse | null;

/** Runs a command once for each key of a caller: a repeat gets the first answer, also after a restart. */
export class Idempotency {
  readonly #store: Store;
  readonly #inFlight = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** @param request what makes two commands the same: its name and its fields */
  async runOnce<T>(
    caller: Caller,
    request: readonly unknown[],
    now: EpochMs,
    run: (keep: BuildResponse) => Promise<Result<T>>,
  ): Promise<Answer<T>> {
    const { name, idempotencyKey: key } = caller;
    if (key === null) return { result: await run(() => null), isReplay: false };
    const id = `${name}\n${key}`;
    if (this.#inFlight.has(id)) return fresh(refused({ code: 'idempotency_in_progress' }));
    this.#inFlight.add(id);
    try {
      const requestHash = hash('sha256', canonicalJson(request), 'base64url');
      for (;;) {
        const kept = await this.#store.storedResponse(name, key, now);
        if (kept !== undefined) return replayed<T>(kept, requestHash);
        const keep: BuildResponse = (result, at) => {
          const answer = JSON.stringify(result);
          return { caller: name, key, requestHash, answer, at };
        };
        try {
          return fresh(await run(keep));
        } catch (error) {
          // Another process was first: its answer is kept by now.
          if (!(error instanceof IdempotencyKeyTakenError)) throw error;
        }
      }
    } finally {
      this.#inFlight.delete(id);
    }
  }
}

/** The same text for the same JSON, in whatever order its fields come. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** The first answer, to a repeat of the request that it answered. */
function replayed<T>(kept: StoredResponse, requestHash: string): Answer<T> {
  return kept.requestHash === requestHash
    ? { result: JSON.parse(kept.answer) as Result<T>, isReplay: true }
    : fresh(refused({ code: 'idempotency_key_reused' }));
}

const fresh = <T>(result: Result<T>): Answer<T> => ({ result, isReplay: false });
