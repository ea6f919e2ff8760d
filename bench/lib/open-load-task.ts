import { connect, type Socket } from 'node:net';

/** Requests that are sent at a fixed rate, whether or not the earlier ones are answered. */
export interface OpenLoad {
  readonly url: string;
  /** Connections that are open at most. Each has one request in flight at most. */
  readonly connections: number;
  /** Requests in a second. */
  readonly rate: number;
  readonly seconds: number;
  /** The bodies of `POST /book` in JSON; they are sent in turn, again and again. */
  readonly bookings: readonly string[];
}

export interface OpenLoadResult {
  /** From the first request to the end of the sending. */
  readonly seconds: number;
  /** Requests that were sent. */
  readonly sent: number;
  /** Requests that were not sent, because at their time all connections waited for answers. */
  readonly unsent: number;
  /** Milliseconds from each request to its answer, by the status of the answer. */
  readonly latencies: Readonly<Record<number, readonly number[]>>;
  /** Requests without an answer. */
  readonly errors: number;
  /** The load generator's processor time as a share of the time. */
  readonly busy: number;
}

/** Milliseconds for which the last answers are awaited. */
const LAST_ANSWERS_MS = 5_000;

class OpenLoader {
  readonly #requests: Buffer[];
  readonly #free: Client[] = [];
  readonly #load: OpenLoad;
  readonly latencies: Record<number, number[]> = {};
  sent = 0;
  unsent = 0;
  errors = 0;
  inFlight = 0;

  constructor(load: OpenLoad) {
    this.#load = load;
    const { host } = new URL(load.url);
    this.#requests = load.bookings.map((body) =>
      Buffer.from(
        `POST /book HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    );
  }

  async open(): Promise<void> {
    const { port, hostname } = new URL(this.#load.url);
    for (let opened = 0; opened < this.#load.connections; opened += 100) {
      const some = Math.min(100, this.#load.connections - opened);
      await Promise.all(
        Array.from({ length: some }, async () => {
          const socket = connect({ port: Number(port), host: hostname, noDelay: true });
          await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
          this.#free.push(new Client(socket, this));
        }),
      );
    }
  }

  release(client: Client): void {
    this.#free.push(client);
  }

  /** Sends the next request, if a connection is free. */
  #send(): void {
    // The connection that is free for the longest time is taken, as if each request came from another client.
    const client = this.#free[this.#next];
    if (client === undefined) {
      this.unsent += 1;
      return;
    }
    this.#next += 1;
    if (this.#next === 4_096) this.#free.splice(0, this.#next), (this.#next = 0);
    client.send(this.#requests[this.sent % this.#requests.length] as Buffer);
    this.sent += 1;
  }
  #next = 0;

  async run(): Promise<number> {
    const { rate, seconds } = this.#load;
    const startedAt = performance.now();
    let due = 0;
    for (;;) {
      const elapsed = performance.now() - startedAt;
      const target = Math.floor((Math.min(elapsed, seconds * 1_000) * rate) / 1_000);
      while (due < target) {
        due += 1;
        this.#send();
      }
      if (elapsed >= seconds * 1_000) break;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return (performance.now() - startedAt) / 1_000;
  }

  async finish(): Promise<void> {
    const deadline = performance.now() + LAST_ANSWERS_MS;
    while (this.inFlight > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5));
    this.errors += this.inFlight;
    for (const client of this.#free) client.close();
  }
}

class Client {
  readonly #socket: Socket;
  #sentAt = 0;
  #waits = false;

  constructor(socket: Socket, loader: OpenLoader) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      if (!this.#waits) return;
      const status = (chunk[9] ?? 0) * 100 + (chunk[10] ?? 0) * 10 + (chunk[11] ?? 0) - 5_328;
      (loader.latencies[status] ??= []).push(performance.now() - this.#sentAt);
      this.#waits = false;
      loader.inFlight -= 1;
      loader.release(this);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#waits) return;
      loader.errors += 1;
      loader.inFlight -= 1;
      this.#waits = false;
    });
    this.send = (bytes) => {
      this.#waits = true;
      loader.inFlight += 1;
      this.#sentAt = performance.now();
      socket.write(bytes);
    };
  }

  readonly send: (bytes: Buffer) => void;

  close(): void {
    this.#socket.destroy();
  }
}

/** Sends the requests of an open load. */
export async function sendOpenLoad(load: OpenLoad): Promise<OpenLoadResult> {
  const loader = new OpenLoader(load);
  await loader.open();
  const usage = process.cpuUsage();
  const seconds = await loader.run();
  const { user, system } = process.cpuUsage(usage);
  await loader.finish();
  const { sent, unsent, latencies, errors } = loader;
  return { seconds, sent, unsent, latencies, errors, busy: (user + system) / 1e6 / seconds };
}

if (process.send !== undefined && import.meta.main)
  process.on('message', (load: OpenLoad) => {
    void sendOpenLoad(load).then((result) => process.send?.(result));
  });
