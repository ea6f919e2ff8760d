import { hash } from 'node:crypto';
import type { EpochMs } from '../engine/index.ts';
import {
  IdempotencyKeyTakenError,
  parseStored,
  type Archive,
  type StoredResponse,
} from '../store/index.ts';
import type { CommandContext, IdempotencyKey } from './caller.ts';
import { refused, type Result } from './refusal.ts';

/** A command's answer; `isReplay` when it is the stored answer to an earlier command under the same key. */
export interface Answer<T> {
  readonly result: Result<T>;
  readonly isReplay: boolean;
}

/** Makes the response that the store commits together with the command's changes; null when none is stored. */
export type BuildResponse = (result: Result<unknown>, at: EpochMs) => StoredResponse | null;

/** The context of a command that has an idempotency key. */
export interface KeyedContext extends CommandContext {
  readonly idempotency: IdempotencyKey;
}

/** Runs a command once for each idempotency key of an identity: a repeat gets the first answer, also after a restart. */
export class Idempotency {
  readonly #archive: Archive;
  readonly #inFlight = new Set<string>();

  constructor(archive: Archive) {
    this.#archive = archive;
  }

  /**
   * Runs the command, or answers with the response that is stored under its key.
   * @param now the instant by which a stored response expires
   */
  async runOnce<T>(
    { identity, idempotency: { key, request } }: KeyedContext,
    now: EpochMs,
    run: (buildResponse: BuildResponse) => Promise<Result<T>>,
  ): Promise<Answer<T>> {
    const { name: caller } = identity;
    const id = `${caller}\n${key}`;
    if (this.#inFlight.has(id)) return firstAnswer(refused({ code: 'idempotency_in_progress' }));
    this.#inFlight.add(id);
    try {
      const requestHash = hash('sha256', canonicalJson(request), 'base64url');
      for (;;) {
        const stored = await this.#archive.storedResponse(caller, key, now);
        if (stored !== undefined) return replayed<T>(stored, requestHash);
        const buildResponse: BuildResponse = (result, at) => {
          const answer = JSON.stringify(result);
          return { caller, key, requestHash, answer, at };
        };
        try {
          return firstAnswer(await run(buildResponse));
        } catch (error) {
          // Another process has stored its answer under the key since: the loop reads that answer.
          if (!(error instanceof IdempotencyKeyTakenError)) throw error;
        }
      }
    } finally {
      this.#inFlight.delete(id);
    }
  }
}

/** The same text for the same JSON, whatever the order of its fields. */
const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** The stored answer, if the request is a repeat of the one that the answer belongs to. */
function replayed<T>(stored: StoredResponse, requestHash: string): Answer<T> {
  return stored.requestHash === requestHash
    ? { result: parseStored(stored.answer) as Result<T>, isReplay: true }
    : firstAnswer(refused({ code: 'idempotency_key_reused' }));
}

/** The answer of a command that has run now. */
export const firstAnswer = <T>(result: Result<T>): Answer<T> => ({ result, isReplay: false });
