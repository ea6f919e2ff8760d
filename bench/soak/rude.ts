import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Phase } from './timeline.ts';
import { whenOf } from './traffic.ts';
import { work, type Action, type WorkerDeps } from './worker.ts';

/** The mean pause of a rude client between two connections, in milliseconds. */
const PAUSE_MS = 120;
/** The service must have closed the connection of a client that does not go on, in milliseconds. */
const CLOSED_MS = 20_000;
const PIPELINED = 24;
const HUGE_BYTES = 1_000_000;
/** A slow reader takes one piece of the answer and waits for so long, in milliseconds. */
const SLOW_MS = 100;

/** Phases in which a connection may end in any way but with an internal error. */
const DISTURBED: ReadonlySet<Phase> = new Set([
  ...(['kill -9', 'restart', 'stopped process'] as const),
  ...(['full disk', 'cut connections', 'database crash'] as const),
]);

/** How a connection went: what the service sent until it was closed. */
interface Connection {
  readonly text: string;
  readonly isClosed: boolean;
}

/**
 * A client without manners: it reads slowly, sends half requests, huge bodies, many requests at once, bytes that are no
 * HTTP, or nothing at all, or it leaves in the middle of an answer.
 */
export class RudeClient {
  readonly #deps: WorkerDeps;
  readonly #url: URL;
  #sent = 0;

  constructor(url: string, deps: WorkerDeps) {
    this.#url = new URL(url);
    this.#deps = deps;
  }

  run(ending: AbortSignal): Promise<void> {
    const { random } = this.#deps;
    const actions: readonly Action[] = [
      [3, () => this.#readSlowly()],
      [2, () => this.#sendHalf()],
      [2, () => this.#sendNothing()],
      [4, () => this.#sendHuge()],
      [5, () => this.#pipeline()],
      [3, () => this.#sendGarbage()],
      [8, () => this.#leaveMidAnswer()],
      [8, () => this.#bookAndLeave()],
    ];
    return work(actions, { random, pauseMs: PAUSE_MS, ending });
  }

  #readSlowly(): Promise<void> {
    const requests = this.#get(this.#schedule()).repeat(8) + this.#last('/health');
    const isRight = (text: string): boolean => text.endsWith('{"status":"ok"}');
    return this.#meet('slow reader', (socket) => void readSlowly(socket, requests), isRight);
  }

  #sendHalf(): Promise<void> {
    const half = `POST /book HTTP/1.1\r\nHost: ${this.#url.host}\r\nContent-`;
    const isRight = (text: string): boolean => text.startsWith('HTTP/1.1 400 ');
    return this.#meet('half request', (socket) => socket.write(half), isRight);
  }

  #sendNothing(): Promise<void> {
    const isRight = (text: string): boolean => text === '' || text.startsWith('HTTP/1.1 400 ');
    return this.#meet('silent connection', () => undefined, isRight);
  }

  #sendHuge(): Promise<void> {
    const head = this.#head('POST', '/book', HUGE_BYTES, 'Connection: close\r\n');
    // The service closes the connection without reading the body, so that the system may drop its answer.
    const isRight = (text: string): boolean => text === '' || text.startsWith('HTTP/1.1 413 ');
    const body = `{"patient_name":"${'x'.repeat(HUGE_BYTES - 20)}"}`;
    return this.#meet('huge body', (socket) => socket.write(head + body), isRight);
  }

  #pipeline(): Promise<void> {
    const requests = this.#get('/queue').repeat(PIPELINED - 1) + this.#last('/health');
    const isRight = (text: string): boolean => text.split('HTTP/1.1 200 ').length === PIPELINED + 1;
    return this.#meet('pipelined requests', (socket) => socket.write(requests), isRight);
  }

  #sendGarbage(): Promise<void> {
    const isRight = (text: string): boolean => text.startsWith('HTTP/1.1 400 ');
    return this.#meet('no HTTP', (socket) => socket.write('\x16\x03\x01 hello\r\n\r\n'), isRight);
  }

  #leaveMidAnswer(): Promise<void> {
    const request = this.#get(this.#schedule());
    const leave = (socket: Socket): void => {
      socket.once('data', () => socket.destroy());
      socket.write(request);
    };
    return this.#meet('leaves mid-answer', leave, () => true);
  }

  /** Sends a booking and does not wait for the answer: the patient is booked or not. */
  #bookAndLeave(): Promise<void> {
    const { name, traffic, hospital, random } = this.#deps;
    const { id, doctorId } = hospital.anySlot(random);
    this.#sent += 1;
    const patient = `${name} patient ${this.#sent}`;
    traffic.deps.ledger.sendBooking(patient);
    const body = JSON.stringify({
      ...{ doctor_id: doctorId, slot_id: id, patient_name: patient, patient_type: 'WALK_IN' },
    });
    const request = this.#head('POST', '/book', Buffer.byteLength(body)) + body;
    const leave = (socket: Socket): void => void socket.write(request, () => socket.destroy());
    return this.#meet('books and leaves', leave, () => true);
  }

  #schedule(): string {
    const { hospital, random } = this.#deps;
    return `/schedule?doctor_id=${random.pick(hospital.doctorIds)}`;
  }

  #head(method: string, path: string, length: number, more = ''): string {
    return (
      `${method} ${path} HTTP/1.1\r\nHost: ${this.#url.host}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`
    );
  }

  readonly #get = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${this.#url.host}\r\n\r\n`;

  /** The last request of a connection. */
  readonly #last = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: ${this.#url.host}\r\nConnection: close\r\n\r\n`;

  /** Opens a connection, does something on it, waits until it is closed, and checks what the service has sent. */
  async #meet(
    what: string,
    act: (socket: Socket) => unknown,
    isRight: (text: string) => boolean,
  ): Promise<void> {
    const { gate, tally, timeline, violations } = this.#deps.traffic.deps;
    await gate.pass(async () => {
      const startedAt = performance.now();
      const { text, isClosed } = await this.#connect(act);
      const phases = timeline.since(startedAt);
      tally.rude.set(what, (tally.rude.get(what) ?? 0) + 1);
      const isExcused = [...phases].some((phase) => DISTURBED.has(phase));
      violations.expect(
        !text.includes('HTTP/1.1 500 ') && (isExcused || (isClosed && isRight(text))),
        `a ${what} got ${JSON.stringify(text.slice(0, 200))}, ${isClosed ? 'closed' : `not closed after ${CLOSED_MS / 1_000} s`} ${whenOf(phases)}`,
      );
    });
  }

  async #connect(act: (socket: Socket) => unknown): Promise<Connection> {
    const socket = connect(Number(this.#url.port), this.#url.hostname);
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    // A reset ends the connection like a close.
    socket.on('error', () => undefined);
    socket.once('connect', () => act(socket));
    const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
    const deadline = new AbortController();
    const late = pause(CLOSED_MS, false, { signal: deadline.signal }).catch(() => false);
    const isClosed = await Promise.race([closed, late]);
    deadline.abort();
    socket.destroy();
    return { text, isClosed };
  }
}

/** Sends requests and takes their answers piece by piece with pauses. */
async function readSlowly(socket: Socket, requests: string): Promise<void> {
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(requests);
  while (!socket.destroyed) {
    socket.pause();
    await pause(SLOW_MS);
    const read = new Promise((resolve) => socket.once('data', resolve));
    socket.resume();
    await Promise.race([read, closed]);
  }
}
