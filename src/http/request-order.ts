import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of one connection that may wait for the answer to an earlier one before no more bytes are read from it. */
const WAITING_MAX = 16;

/** A request that has no whole answer yet. */
interface Unanswered {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/**
 * Handles the requests of each connection one after another: a pipelined request begins when the request before it has its
 * whole answer. Otherwise a client could make the service hold the answers to thousands of requests that it sent in one
 * packet (RFC 9112, 9.3.2). A connection with more than `WAITING_MAX` waiting requests is not read from until there are
 * fewer; the packet that was read last may hold some more.
 */
export class RequestOrder {
  /** The requests of each connection in the order in which they came. The first one is being handled. */
  readonly #unanswered = new WeakMap<Duplex, Unanswered[]>();

  /** Puts itself before the request listener that the server has. It is called once, before the server listens. */
  install(server: Server): void {
    const [handle] = server.listeners('request') as RequestListener[];
    if (handle === undefined) throw new Error('The server has no request listener.');
    server.off('request', handle);
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#take({ request, response }, handle),
    );
  }

  /** Whether a whole request of this connection has no answer yet. */
  awaitsAnswer(socket: Duplex): boolean {
    return this.#unanswered.get(socket)?.some(({ request }) => request.complete) ?? false;
  }

  #take(unanswered: Unanswered, handle: RequestListener): void {
    const { socket } = unanswered.request;
    const queue = this.#unanswered.get(socket) ?? [];
    this.#unanswered.set(socket, queue);
    if (queue.push(unanswered) === 1) this.#handle(queue, handle);
    // Node resumes the connection at the end of each request, so it is paused when the whole packet is parsed.
    else if (queue.length > WAITING_MAX)
      queueMicrotask(() => {
        if (queue.length > WAITING_MAX) socket.pause();
      });
  }

  #handle(queue: Unanswered[], handle: RequestListener): void {
    const [first] = queue;
    if (first === undefined) return;
    const { request, response } = first;
    const { socket } = request;
    response.once('close', () => {
      queue.shift();
      // Nobody can receive the answers to the requests that wait on a closed connection, so they are not handled.
      if (!socket.writable) queue.length = 0;
      if (queue.length === WAITING_MAX) socket.resume();
      this.#handle(queue, handle);
    });
    handle(request, response);
  }
}
