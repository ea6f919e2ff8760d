import { setTimeout as pause } from 'node:timers/promises';
import { BookingImportError } from './error.ts';

/** Times that a request is sent at most, when the server gives no answer or asks for a repeat. */
const ATTEMPTS = 8;
/** Seconds between two attempts, if the server names no time. */
const PAUSE_SECONDS = 1;

/** The members of a problem that are read here. */
export interface ServerProblem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
}

/** An answer of the server. */
export interface ServerAnswer {
  readonly status: number;
  readonly body: unknown;
  /** Whether the answer is the stored one of an earlier request with the same key. */
  readonly isReplay: boolean;
}

/** Why a request must be sent again, and after how many seconds. */
interface Retry {
  readonly reason: string;
  readonly seconds: number;
}

/** The API of a running service. */
export class BookingServer {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #secondMs: number;

  /**
   * @param url the scheme, host and port of the service
   * @param key the secret of an access key, if the service needs one
   * @param secondMs milliseconds of a second between two attempts; tests wait for less time
   */
  constructor(url: string, key: string | undefined, secondMs = 1_000) {
    this.#url = url;
    this.#headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    this.#secondMs = secondMs;
  }

  /** Reads a resource; a refusal is an answer like any other. @throws BookingImportError as `post` */
  get(path: string): Promise<ServerAnswer> {
    return this.#send(path, {});
  }

  /**
   * Sends a command with an Idempotency-Key, again if the answer is lost or the server is busy: the key lets it take
   * effect once.
   * @throws BookingImportError when the server does not answer, or does not let this caller do it
   */
  post(path: string, body: unknown, key: string): Promise<ServerAnswer> {
    return this.#send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
  }

  async #send(path: string, request: RequestInit): Promise<ServerAnswer> {
    let last = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const answer = await this.#attempt(path, request);
      if ('status' in answer) return answer;
      last = answer.reason;
      if (attempt < ATTEMPTS) await pause(answer.seconds * this.#secondMs);
    }
    throw new BookingImportError(`${this.#url} does not answer as it should: ${last}.`);
  }

  async #attempt(path: string, request: RequestInit): Promise<ServerAnswer | Retry> {
    const headers = { ...this.#headers, ...(request.headers as Record<string, string>) };
    let answer: Response;
    let body: unknown;
    try {
      answer = await fetch(this.#url + path, { ...request, headers, redirect: 'error' });
      body = await answer.json();
    } catch (error) {
      const { message, cause } = error as Error;
      const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
      return { reason, seconds: PAUSE_SECONDS };
    }
    const { status } = answer;
    const { code, title } = Object(body) as Partial<ServerProblem>;
    if (status === 401)
      throw new BookingImportError(`${this.#url} refuses the access key: ${title ?? status}.`);
    if (status >= 500 || status === 429 || code === 'idempotency_in_progress') {
      const seconds = Number(answer.headers.get('retry-after') ?? PAUSE_SECONDS);
      return { reason: title ?? `status ${status}`, seconds };
    }
    return { status, body, isReplay: answer.headers.get('idempotency-replayed') === 'true' };
  }
}
