import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { publish } from '../telemetry/index.ts';
import { lastAnswer, sendLastAnswer } from './last-answer.ts';
import { RefusalLog } from './refusal-log.ts';
import type { RequestOrder } from './request-order.ts';

/** The bounds of connections and of what arrives on them. */
export interface ConnectionLimits {
  /** Connections that are served at the same time. */
  readonly connectionsMax: number;
  /** Headers of a request. */
  readonly headersMax: number;
  /** Bytes of the request line and the headers together. */
  readonly headerBytesMax: number;
  /** Seconds from the opening of a connection, or from the first byte of a later request, to the end of the headers. */
  readonly headerSeconds: number;
  /** Seconds from the first byte of a request to its last one, and in which a client takes some bytes of its answer. */
  readonly requestSeconds: number;
  /** Seconds from an answer to the next request of the connection. */
  readonly keepAliveSeconds: number;
}

/** Milliseconds from one search for late requests to the next. */
const CHECK_MS = 1_000;
/** Connections beyond the bound that are answered at the same time: a few, and a share of the bound. The others get no answer. */
const REFUSED_MIN = 10;
const REFUSED_SHARE = 0.5;

const REFUSAL = lastAnswer('overloaded');

/** How many connections may be served with a number of descriptors, those that are being refused included. */
export const connectionsWithin = (descriptors: number): number =>
  Math.floor((descriptors - REFUSED_MIN) / (1 + REFUSED_SHARE));

/** The connections of a server: how many there are, and how long each may take for what it does. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #order: RequestOrder;
  readonly #refusals: RefusalLog;
  readonly #logger: Logger;
  #served = 0;
  #refused = 0;

  constructor(limits: ConnectionLimits, order: RequestOrder, logger: Logger) {
    this.#limits = limits;
    this.#order = order;
    this.#logger = logger;
    this.#refusals = new RefusalLog(logger, {
      begin: `${limits.connectionsMax} connections are open, as many as are served: new ones are refused.`,
      end: 'New connections are served again.',
    });
  }

  /** What the bytes of a client must be, in words. */
  get expectation(): string {
    const { headersMax, headerBytesMax, headerSeconds, requestSeconds } = this.#limits;
    return `must be HTTP/1.1, with ${headersMax} headers of ${headerBytesMax} bytes in all at most, which arrive within ${headerSeconds} seconds, and whole within ${requestSeconds} seconds`;
  }

  /** Makes the server of an app, as Fastify asks for it. The server is bounded by the limits. */
  createServer(handle: RequestListener, options: ServerOptions): Server {
    const { headersMax, headerBytesMax, headerSeconds, requestSeconds, keepAliveSeconds } =
      this.#limits;
    const requestTimeout = requestSeconds * 1_000;
    const server = createServer(
      {
        ...options,
        maxHeaderSize: headerBytesMax,
        requestTimeout,
        // Node takes no longer time for the headers than for the whole request.
        headersTimeout: Math.min(headerSeconds * 1_000, requestTimeout),
        keepAliveTimeout: keepAliveSeconds * 1_000,
        connectionsCheckingInterval: CHECK_MS,
      },
      (request, response) => {
        if (request.rawHeaders.length <= headersMax * 2) handle(request, response);
        else server.emit('clientError', new TooManyHeadersError(), request.socket);
      },
    );
    // Node would drop the headers beyond its own limit silently, for example an Idempotency-Key.
    server.maxHeadersCount = 0;
    // It is longer than the time of a request, because a late request gets an answer and this timeout gives none.
    server.setTimeout(requestTimeout + 2 * CHECK_MS, (socket) => this.#onIdle(socket));
    server.on('error', (error) => {
      if (server.listening) this.#logger.error({ err: error }, 'A connection was not accepted.');
    });
    this.#bound(server);
    return server;
  }

  /** Puts the bound of connections in front of the server's own listener, which prepares a connection for HTTP. */
  #bound(server: Server): void {
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (this.#served >= this.#limits.connectionsMax) {
        this.#refuse(socket);
        return;
      }
      this.#served += 1;
      socket.once('close', () => (this.#served -= 1));
      for (const listener of listeners) listener.call(server, socket);
    });
  }

  #refuse(socket: Socket): void {
    this.#refusals.count();
    publish('opd:connection-refused', () => ({ cause: 'CONNECTIONS_MAX' }));
    if (this.#refused >= REFUSED_MIN + this.#limits.connectionsMax * REFUSED_SHARE) {
      socket.destroy();
      return;
    }
    this.#refused += 1;
    socket.once('close', () => (this.#refused -= 1));
    // Without a listener an error of the socket would end the process.
    socket.on('error', () => socket.destroy());
    sendLastAnswer(socket, REFUSAL);
  }

  /** Ends a connection on which nothing has moved for a while, unless its client waits for an answer. */
  #onIdle(socket: Socket): void {
    if (this.#order.awaitsAnswer(socket) && socket.writableLength === 0) return;
    socket.destroy();
  }
}

/** A request has more headers than the service takes. */
class TooManyHeadersError extends Error {
  override readonly name = 'TooManyHeadersError';
  readonly code = 'OPD_HEADERS_MAX';
}
