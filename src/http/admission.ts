import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { publish } from '../telemetry/index.ts';
import type { Origins } from './origins.ts';
import { Pacer } from './pacer.ts';
import { RefusalLog } from './refusal-log.ts';
import { problemAnswer } from './send-problem.ts';

/** How much work is accepted at the same time. */
export interface AdmissionLimits {
  /** Commands that may be in flight, and reads that may be in flight. */
  readonly requestsMax: number;
  /** Milliseconds for which a turn of the event loop accepts requests. */
  readonly turnMs: number;
}

/** Requests that a turn of the event loop accepts however long it lasts, because one slow moment is no overload. */
const TURN_REQUESTS_MIN = 100;

/** The requests of one kind that are being handled. Their bodies are read, so a slow client holds no place here. */
export class InFlight {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts a request until `end`, which must be called however its work ends. */
  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
  }

  /** Counts a request until its work has ended. Commands use `begin` and `end`, because this makes one more promise. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work();
    } finally {
      this.end();
    }
  }
}

const OVERLOADED = 'overloaded';
/** Requests by which others watch the service. They are always accepted. */
const PROBES: ReadonlySet<string | undefined> = new Set(['/health', '/ready', '/metrics']);

/** A read that is sent by `POST`. */
const SEARCH = '/tokens/search';

interface AdmissionDeps {
  readonly limits: AdmissionLimits;
  readonly origins: Origins;
  readonly newRequestId: () => string;
  readonly logger: Logger;
}

/**
 * Decides whether a request is accepted, before it is routed and before its body is read. A request is refused when too
 * many are in flight, or when the current turn of the event loop has lasted too long, because all later requests of the
 * turn wait for it.
 */
export class Admission {
  /** Commands and reads are counted apart, so that reads go on while commands wait for a full disk. */
  readonly commands = new InFlight();
  readonly reads = new InFlight();
  readonly #limits: AdmissionLimits;
  readonly #origins: Origins;
  readonly #newRequestId: () => string;
  readonly #refusals: RefusalLog;
  readonly #pacer = new Pacer();
  #isTurnOpen = false;
  #turnStartedMs = 0;
  #turnRequests = 0;

  constructor({ limits, origins, newRequestId, logger }: AdmissionDeps) {
    this.#limits = limits;
    this.#origins = origins;
    this.#newRequestId = newRequestId;
    this.#refusals = new RefusalLog(logger, {
      begin: 'More requests arrive than the service can handle: some are refused as overloaded.',
      end: 'The service handles all requests again.',
    });
  }

  /** Makes a listener that hands the accepted requests to `handle` and refuses the others. */
  before(handle: RequestListener): RequestListener {
    return (request, response) => {
      const kind = this.#kindOf(request);
      if (kind === null || this.#accepts(kind)) handle(request, response);
      else this.#refuse(request, response);
    };
  }

  /** What a request is counted as; null if it is always accepted. */
  #kindOf({ method, url }: IncomingMessage): InFlight | null {
    // A browser asks for permission before it sends a command, and shows a refusal of that to no page.
    if (method === 'OPTIONS' || PROBES.has(url)) return null;
    const isRead = method === 'GET' || method === 'HEAD' || url === SEARCH;
    return isRead ? this.reads : this.commands;
  }

  #accepts(kind: InFlight): boolean {
    if (!this.#isTurnOpen) this.#openTurn();
    if (kind.count >= this.#limits.requestsMax || this.#isTurnOver()) return false;
    this.#turnRequests += 1;
    return true;
  }

  #isTurnOver(): boolean {
    return (
      this.#turnRequests >= TURN_REQUESTS_MIN &&
      performance.now() - this.#turnStartedMs > this.#limits.turnMs
    );
  }

  /** A turn begins with its first request. */
  #openTurn(): void {
    this.#isTurnOpen = true;
    this.#turnStartedMs = performance.now();
    this.#turnRequests = 0;
    setImmediate(this.#closeTurn);
  }

  readonly #closeTurn = (): void => {
    this.#isTurnOpen = false;
  };

  #refuse(request: IncomingMessage, response: ServerResponse): void {
    this.#refusals.count();
    publish('opd:admission-refused', () => ({
      commands: this.commands.count,
      reads: this.reads.count,
    }));
    publish('opd:request-refused', () => ({ code: OVERLOADED }));
    this.#pacer.add(() => {
      if (response.destroyed) return;
      const { status, headers, body } = problemAnswer(OVERLOADED, {}, this.#newRequestId());
      response.writeHead(status, { ...headers, ...this.#origins.headersFor(request) });
      response.end(body);
      publish('opd:request', () => ({ key: request, operation: null, status, ms: 0 }));
    });
  }
}
