import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { forEachConcurrently } from '../lib/pool.ts';
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
  /** Requests that were not sent, because all connections waited for answers when it was their time. */
  readonly unsent: number;
  readonly answers: readonly OpenLoadAnswer[];
  /** Requests without an answer. */
  readonly errors: number;
}

export interface OpenLoadAnswer {
  readonly status: number;
  /** Milliseconds from the request to the answer. */
  readonly ms: number;
}

/** Connections that are opened at the same time. */
const OPENING = 50;
/** Milliseconds for which the last answers are awaited. */
const LAST_ANSWERS_MS = 5_000;

type OnAnswer = (requester: Requester, status: number, ms: number) => void;

/** A connection that sends one request at a time and reads nothing of an answer but its status. */
class Requester {
  readonly #socket: Socket;
  readonly #onAnswer: OnAnswer;
  #sentAt = 0;
  #isWaiting = false;

  constructor(socket: Socket, onAnswer: OnAnswer) {
    this.#socket = socket;
    this.#onAnswer = onAnswer;
    // An answer to a booking is so short that it arrives as one piece, which begins with `HTTP/1.1 201`.
    socket.on('data', (piece: Buffer) => this.#receive(Number(piece.toString('latin1', 9, 12))));
    // A connection that ends does not answer its request; the request counts as one without an answer.
    socket.on('error', () => undefined);
  }

  send(request: Buffer): void {
    this.#isWaiting = true;
    this.#sentAt = performance.now();
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(status: number): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#onAnswer(this, status, performance.now() - this.#sentAt);
  }
}

/** Sends the requests of an open load. */
export async function sendOpenLoad(load: OpenLoad): Promise<OpenLoadResult> {
  const { rate, seconds } = load;
  const requests = load.bookings.map((booking) => requestOf(load.url, booking));
  const answers: OpenLoadAnswer[] = [];
  let free: Requester[] = [];
  const requesters = await openConnections(load, (requester, status, ms) => {
    answers.push({ status, ms });
    free.push(requester);
  });
  free = requesters.slice();
  const startedAt = performance.now();
  let due = 0;
  let sent = 0;
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - startedAt) / 1_000) {
    const more = Math.floor(elapsed * rate) - due;
    due += more;
    // The connections that have been free for the longest time, as if each request came from another client.
    for (const requester of free.splice(0, more))
      requester.send(required(requests[sent++ % requests.length]));
    await pause(1);
  }
  const deadline = performance.now() + LAST_ANSWERS_MS;
  while (answers.length < sent && performance.now() < deadline) await pause(5);
  for (const requester of requesters) requester.close();
  return { seconds, sent, unsent: due - sent, answers, errors: sent - answers.length };
}

async function openConnections(
  { url, connections }: OpenLoad,
  onAnswer: OnAnswer,
): Promise<Requester[]> {
  const { port, hostname } = new URL(url);
  const opened: Requester[] = [];
  const places = Array.from({ length: connections }, (_, index) => index);
  await forEachConcurrently(places, OPENING, async () => {
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    await once(socket, 'connect');
    opened.push(new Requester(socket, onAnswer));
  });
  return opened;
}

const requestOf = (url: string, booking: string): Buffer =>
  Buffer.from(
    `POST /book HTTP/1.1\r\nHost: ${new URL(url).host}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(booking)}\r\n\r\n${booking}`,
  );

if (process.send !== undefined && import.meta.main)
  process.on('message', (load: OpenLoad) => {
    void sendOpenLoad(load).then((result) => process.send?.(result));
  });
