import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Logger } from 'pino';
import { publish } from '../telemetry/index.ts';
import { Backpressure } from './backpressure.ts';
import { RefusalLog } from './refusal-log.ts';
import { sendProblem } from './send-problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the request was refused because the service is overloaded. Such requests have no log line of their own. */
    isOverload: boolean;
  }
}

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

/**
 * Decides whether a request is accepted, before its body is read. A request is refused when too many are in flight, or
 * when the current turn of the event loop has lasted too long, because all later requests of the turn wait for it.
 */
export class Admission {
  /** Commands and reads are counted apart, so that reads go on while commands wait for a full disk. */
  readonly commands = new InFlight();
  readonly reads = new InFlight();
  readonly #limits: AdmissionLimits;
  readonly #refusals: RefusalLog;
  readonly #backpressure = new Backpressure();
  #isTurnOpen = false;
  #turnStartedMs = 0;
  #turnRequests = 0;

  constructor(app: FastifyInstance, limits: AdmissionLimits, logger: Logger) {
    this.#limits = limits;
    this.#refusals = new RefusalLog(logger, {
      begin: 'More requests arrive than the service can handle: some are refused as overloaded.',
      end: 'The service handles all requests again.',
    });
    app.decorateRequest('isOverload', false);
  }

  /** Makes the hook of a route. An accepted request goes on to `next`. */
  hook(kind: InFlight, next: onRequestHookHandler): onRequestHookHandler {
    const accepts = () => this.#accepts(kind);
    const refuse = (request: FastifyRequest, reply: FastifyReply) => this.#refuse(request, reply);
    return function (request, reply, done) {
      if (accepts()) next.call(this, request, reply, done);
      else refuse(request, reply);
    };
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

  #refuse(request: FastifyRequest, reply: FastifyReply): void {
    this.#refusals.count();
    publish('opd:admission-refused', () => ({
      commands: this.commands.count,
      reads: this.reads.count,
    }));
    request.isOverload = true;
    const { raw } = request;
    // Node resumes the connection at the end of a request, so it is paused after that.
    raw.once('end', () => queueMicrotask(() => this.#backpressure.pause(raw.socket)));
    sendProblem(request, reply, 'overloaded');
  }
}
