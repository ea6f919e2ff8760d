import { setTimeout as delay } from 'node:timers/promises';
import { found } from '../engine/clinic.ts';
import { bookAt, DOCTORS, tokensByName, type Booked } from './pg-hospital.ts';
import type { ServerProcess } from '../process/server-process.ts';

interface Sent {
  readonly name: string;
  readonly key: string | undefined;
  readonly doctor: (typeof DOCTORS)[number];
  /** Null when the connection broke, so that the outcome is unknown. */
  answer: Booked | null;
}

/**
 * Milliseconds for which a client waits after a refusal. Clients that went on at once would be refused so often while a
 * database starts slowly that the repeats of their bookings would fill the waitlists.
 */
const REFUSED_PAUSE_MS = 50;

/** Clients that book under a new name each time, half of the time with an idempotency key, and the answers they got. */
export class Load {
  readonly #sent: Sent[] = [];
  #isOver = false;

  /** Bookings answered with success so far. */
  get booked(): number {
    return this.#answered(201).length;
  }

  /** Bookings that were refused so far because they could not become durable. */
  get refused(): number {
    return this.#answered(503).length;
  }

  /** Books one patient after another until `end` is called or the process has ended. */
  async client(server: ServerProcess): Promise<void> {
    while (!this.#isOver && !server.hasExited) {
      const count = this.#sent.length;
      const key = count % 2 === 0 ? `key ${count}` : undefined;
      const doctor = DOCTORS[count % DOCTORS.length] ?? 'doc1';
      const sent: Sent = { name: `patient ${count}`, key, doctor, answer: null };
      this.#sent.push(sent);
      sent.answer = await bookAt(server, doctor, sent.name, key).catch(() => null);
      if (sent.answer?.status !== 201) await delay(REFUSED_PAUSE_MS);
    }
  }

  end(): void {
    this.#isOver = true;
  }

  /** Retries each booking that has a key and no success until it succeeds. The processes take turns. */
  async repeat(servers: readonly ServerProcess[]): Promise<void> {
    let turn = 0;
    for (const sent of this.#sent)
      while (sent.key !== undefined && sent.answer?.status !== 201) {
        turn += 1;
        const server = found(servers[turn % servers.length]);
        sent.answer = await bookAt(server, sent.doctor, sent.name, sent.key);
        const { status } = sent.answer;
        if (status !== 201 && status !== 503)
          throw new Error(`the repeat of ${sent.name} is answered with ${status}`);
      }
  }

  /** Describes each difference between the answers and the stored tokens. */
  async faults(url: string): Promise<string[]> {
    const tokens = await tokensByName(url);
    return this.#sent.flatMap(({ name, answer }) => faultOf(name, answer, tokens.get(name) ?? []));
  }

  /** The patients whose bookings got no answer and are stored nevertheless. */
  async unanswered(url: string): Promise<string[]> {
    const tokens = await tokensByName(url);
    const unanswered = this.#sent.filter(({ answer }) => answer === null);
    return unanswered.map(({ name }) => name).filter((name) => tokens.has(name));
  }

  #answered(status: number): Sent[] {
    return this.#sent.filter(({ answer }) => answer?.status === status);
  }
}

/** The codes of the refusals which promise that nothing was changed, with their `Retry-After`. */
const REFUSALS: Readonly<Record<string, string>> = { not_durable: '2', stopping: '5' };

function faultOf(name: string, answer: Booked | null, tokens: readonly string[]): string[] {
  if (tokens.length > 1) return [`${name} has ${tokens.length} tokens`];
  if (answer === null) return [];
  const { status, retryAfter, body } = answer;
  const [token = 'nothing'] = tokens;
  if (status === 201) return token === body.id ? [] : [`${name} is ${token}, not ${body.id}`];
  if (REFUSALS[body.code ?? ''] !== retryAfter)
    return [`${name} was answered ${status} ${String(body.code)}`];
  return tokens.length === 0 ? [] : [`${name} was refused and is on record`];
}
