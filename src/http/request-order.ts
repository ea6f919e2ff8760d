import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of one connection that may wait for the answer to an earlier one before no more bytes are read from it. */
const WAITING_MAX = 16;

/**
 * Handles the requests of each connection one after another: a pipelined request begins when the request before it has its
 * whole answer. Otherwise a client could make the service hold the answers to thousands of requests that it sent in one
 * packet (RFC 9112, 9.3.2). A connection with more than `WAITING_MAX` waiting requests is not read from until there are
 * fewer; the packet that was read last may hold some more.
 */
export class RequestOrder {
  readonly #connections = new WeakMap<Duplex, ConnectionOrder>();

  /** Puts itself before the request listener that the server has. It is called once, before the server listens. */
  install(server: Server): void {
    const [handle] = server.listeners('request') as RequestListener[];
    if (handle === undefined) throw new Error('The server has no request listener.');
    server.off('request', handle);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request;
      let order = this.#connections.get(socket);
      if (order === undefined) {
        order = new ConnectionOrder(socket, handle);
        this.#connections.set(socket, order);
      }
      order.take(response);
    });
  }

  /** Whether a whole request of this connection has no answer yet. */
  awaitsAnswer(socket: Duplex): boolean {
    return this.#connections.get(socket)?.awaitsAnswer ?? false;
  }
}

/** The response to a request that has no whole answer yet. */
type Unanswered = ServerResponse & { readonly req: IncomingMessage };

/** The order of the requests of one connection. */
class ConnectionOrder {
  readonly #socket: Duplex;
  readonly #handle: RequestListener;
  /** In the order in which the requests came. The first one is being handled. */
  readonly #unanswered: Unanswered[] = [];

  constructor(socket: Duplex, handle: RequestListener) {
    this.#socket = socket;
    this.#handle = handle;
  }

  get awaitsAnswer(): boolean {
    return this.#unanswered.some(({ req }) => req.complete);
  }

  take(response: Unanswered): void {
    const waiting = this.#unanswered;
    if (waiting.push(response) === 1) this.#handleFirst();
    // Node resumes the connection at the end of each request, so it is paused when the whole packet is parsed.
    else if (waiting.length > WAITING_MAX)
      queueMicrotask(() => {
        if (waiting.length > WAITING_MAX) this.#socket.pause();
      });
  }

  #handleFirst(): void {
    const [response] = this.#unanswered;
    if (response === undefined) return;
    response.on('close', this.#next);
    this.#handle(response.req, response);
  }

  /** The first request has its whole answer, or its client has gone. */
  readonly #next = (): void => {
    const waiting = this.#unanswered;
    waiting.shift();
    // Nobody can receive the answers to the requests that wait on a closed connection, so they are not handled.
    if (!this.#socket.writable) waiting.length = 0;
    if (waiting.length === WAITING_MAX) this.#socket.resume();
    this.#handleFirst();
  };
}
