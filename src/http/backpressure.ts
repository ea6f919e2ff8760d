import { Socket } from 'node:net';

/** Milliseconds from one resumption to the next. */
const RESUME_MS = 2;
/** Connections that are resumed together, those that have waited longest. */
const RESUMED_MAX = 50;

/**
 * Slows down clients that repeat a refused request at once. A connection is not read for a moment after a refusal, and
 * only some connections are read again every few milliseconds. Otherwise a flood of requests would fill each turn of the
 * event loop with refusals, and the accepted requests would wait for their turn.
 */
export class Backpressure {
  readonly #paused = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  /** Stops reading a connection until its turn comes. It is called when a request has been read to its end. */
  pause(socket: Socket): void {
    // A request that a test injects has no connection.
    if (!(socket instanceof Socket)) return;
    socket.pause();
    this.#paused.add(socket);
    this.#timer ??= setTimeout(this.#resumeSome, RESUME_MS);
  }

  readonly #resumeSome = (): void => {
    for (const socket of [...this.#paused].slice(0, RESUMED_MAX)) {
      this.#paused.delete(socket);
      socket.resume();
    }
    this.#timer = this.#paused.size > 0 ? setTimeout(this.#resumeSome, RESUME_MS) : undefined;
  };
}
