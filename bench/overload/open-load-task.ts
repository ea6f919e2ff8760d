import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { required } from '../lib/required.ts';

/** Requests that are sent at a fixed rate, whether or not the earlier ones are answered. */
export interface OpenLoad {
  readonly url: string;
  /** Each connection has one request in flight at most. */
  readonly connections: number;
  /** Requests a second. */
  readonly rate: number;
  readonly seconds: number;
  /** The bodies of `POST /book` in JSON; they are sent in turn, again and again. */
  readonly bookings: readonly string[];
}

export interface OpenLoadResult {
  readonly seconds: number;
  readonly sent: number;
  /** Requests that were not sent, because no connection was free when it was their time. */
  readonly unsent: number;
  readonly answers: readonly OpenLoadAnswer[];
  /** Milliseconds from the opening of each connection that was refused to its refusal. */
  readonly refusedConnections: readonly number[];
  /** Requests without an answer, because their connection was closed. */
  readonly closed: number;
  /** Requests without an answer, although their connection is open. */
  readonly errors: number;
}

export interface OpenLoadAnswer {
  readonly status: number;
  /** Milliseconds from the request to the answer. */
  readonly ms: number;
}

/** Connections that are opened in a millisecond at the start. */
const OPENED_EACH_MS = 10;
/** Milliseconds after which a client whose connection was refused connects again, as `Retry-After` says. */
const RETRY_MS = 1_000;
/** Milliseconds for which the last answers are awaited. */
const LAST_ANSWERS_MS = 5_000;

/** A client with one connection. It sends one request at a time and reads nothing of an answer but its status. */
class Requester {
  readonly #loader: OpenLoader;
  #socket: Socket;
  #startedAt = 0;
  #retry: NodeJS.Timeout | undefined;
  /** Whether a request has no answer yet. */
  #isWaiting = false;

  constructor(loader: OpenLoader) {
    this.#loader = loader;
    this.#socket = this.#connect();
  }

  send(request: Buffer): void {
    this.#isWaiting = true;
    this.#startedAt = performance.now();
    this.#socket.write(request);
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#socket.removeAllListeners('close').destroy();
  }

  #connect(): Socket {
    const { port, hostname } = new URL(this.#loader.load.url);
    this.#startedAt = performance.now();
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    socket.once('connect', () => this.#loader.free.add(this));
    // An answer to a booking is so short that it arrives as one piece, which begins with `HTTP/1.1 201`.
    socket.on('data', (piece: Buffer) => this.#receive(Number(piece.toString('latin1', 9, 12))));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#isWaiting) this.#loader.closed += 1;
      this.#isWaiting = false;
      this.#loader.free.delete(this);
      this.#retry = setTimeout(() => (this.#socket = this.#connect()), RETRY_MS);
    });
    return socket;
  }

  #receive(status: number): void {
    const ms = performance.now() - this.#startedAt;
    if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#loader.answers.push({ status, ms });
      this.#loader.free.add(this);
    } else this.#loader.refusedConnections.push(ms);
  }
}

/** The clients of one load and what they were answered. */
class OpenLoader {
  readonly load: OpenLoad;
  readonly answers: OpenLoadAnswer[] = [];
  readonly refusedConnections: number[] = [];
  closed = 0;
  /** The clients that wait for no answer, those that have been free for the longest time first. */
  readonly free = new Set<Requester>();

  constructor(load: OpenLoad) {
    this.load = load;
  }

  async run(): Promise<OpenLoadResult> {
    const { url, connections, rate, seconds, bookings } = this.load;
    const requests = bookings.map((booking) => requestOf(url, booking));
    const requesters: Requester[] = [];
    while (requesters.length < connections) {
      for (let more = 0; more < OPENED_EACH_MS; more += 1) requesters.push(new Requester(this));
      await pause(1);
    }
    this.refusedConnections.length = 0;
    const startedAt = performance.now();
    let due = 0;
    let sent = 0;
    for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - startedAt) / 1_000) {
      const more = Math.floor(elapsed * rate) - due;
      due += more;
      for (const requester of [...this.free].slice(0, more)) {
        this.free.delete(requester);
        requester.send(required(requests[sent++ % requests.length]));
      }
      await pause(1);
    }
    const deadline = performance.now() + LAST_ANSWERS_MS;
    while (this.answers.length + this.closed < sent && performance.now() < deadline) await pause(5);
    for (const requester of requesters) requester.close();
    const { answers, refusedConnections, closed } = this;
    const errors = sent - answers.length - closed;
    return { seconds, sent, unsent: due - sent, answers, refusedConnections, closed, errors };
  }
}

const requestOf = (url: string, booking: string): Buffer =>
  Buffer.from(
    `POST /book HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(booking)}\r\n\r\n${booking}`,
  );

process.on('message', (load: OpenLoad) => {
  void new OpenLoader(load).run().then((result) => process.send?.(result));
});
