import { DEFAULT_CLASSES } from '../../../src/engine/index.ts';
import type { BookingView, ScheduleView, TokenView } from '../../../src/http/resources/index.ts';
import { found } from '../engine/clinic.ts';
import type { ServerProcess } from './server-process.ts';

const PRIORITY = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

interface Command {
  readonly path: '/book' | '/cancel' | '/reclassify';
  readonly body: Readonly<Record<string, string>>;
  readonly key: string | null;
}

interface Acknowledged extends Command {
  readonly status: number;
  readonly text: string;
}

/** Records what clients sent to a service and what it answered. `faults` checks that the service still agrees. */
export class Ledger {
  readonly #random: () => number;
  readonly #slots: readonly string[];
  readonly #booked = new Map<string, BookingView>();
  readonly #cancelSent = new Set<string>();
  readonly #cancelled = new Set<string>();
  /** The class that was last requested for each token. */
  readonly #classSent = new Map<string, string>();
  /** The tokens whose new class the service has acknowledged. */
  readonly #reclassified = new Set<string>();
  readonly #answeredWithKey: Acknowledged[] = [];
  #unanswered: Command[] = [];
  #sent = 0;
  #acknowledged = 0;

  constructor(random: () => number, slots: readonly string[]) {
    this.#random = random;
    this.#slots = slots;
  }

  /** Commands answered with success so far. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Sends one command after another until the service has ended. */
  async client(server: ServerProcess): Promise<void> {
    while (await this.#send(server, this.#next()));
  }

  /** Sends the commands again that got no answer and have an idempotency key. */
  async repeatUnanswered(server: ServerProcess): Promise<void> {
    const commands = this.#unanswered.splice(0).filter(({ key }) => key !== null);
    for (const command of commands) await this.#send(server, command);
  }

  #next(): Command {
    this.#sent += 1;
    const key = this.#random() < 0.5 ? `key ${this.#sent}` : null;
    const mine = [...this.#booked.keys()].filter(
      (id) => !this.#cancelSent.has(id) && !this.#classSent.has(id),
    );
    if (mine.length > 0 && this.#random() < 0.5) {
      const token_id = this.#pick(mine);
      if (this.#random() < 0.3) return this.#reclassify(token_id, key);
      this.#cancelSent.add(token_id);
      return { path: '/cancel', body: { token_id }, key };
    }
    const body = {
      doctor_id: 'doc1',
      slot_id: this.#pick(this.#slots),
      patient_name: `patient ${this.#sent}`,
      patient_type: this.#pick([...PRIORITY.keys()]),
    };
    return { path: '/book', body, key };
  }

  #reclassify(token_id: string, key: string | null): Command {
    const patient_type = this.#pick([...PRIORITY.keys()]);
    this.#classSent.set(token_id, patient_type);
    return { path: '/reclassify', body: { token_id, patient_type, reason: 'triage' }, key };
  }

  #pick<T>(items: readonly T[]): T {
    return found(items[Math.floor(this.#random() * items.length)]);
  }

  async #send(server: ServerProcess, command: Command): Promise<boolean> {
    try {
      const response = await post(server, command);
      const text = await response.text();
      if (response.ok) this.#note({ ...command, status: response.status, text });
      return response.ok;
    } catch {
      this.#unanswered.push(command);
      return false;
    }
  }

  #note(answer: Acknowledged): void {
    this.#acknowledged += 1;
    if (answer.key !== null) this.#answeredWithKey.push(answer);
    const about = answer.body['token_id'];
    if (answer.path === '/cancel') this.#cancelled.add(found(about));
    else if (answer.path === '/reclassify') this.#reclassified.add(found(about));
    else {
      const booking = JSON.parse(answer.text) as BookingView;
      this.#booked.set(booking.id, booking);
    }
  }

  /** Describes each difference between the service's state and the answers that it gave. */
  async faults(server: ServerProcess): Promise<string[]> {
    return [
      ...(await this.#tokenFaults(server)),
      ...(await this.#replayFaults(server)),
      ...(await this.#scheduleFaults(server)),
    ];
  }

  async #tokenFaults(server: ServerProcess): Promise<string[]> {
    const faults: string[] = [];
    for (const [id, booking] of this.#booked) {
      const response = await server.get(`/tokens/${id}`);
      const token = (await response.json()) as TokenView;
      if (!response.ok) faults.push(`token ${id} is lost: ${response.status}`);
      else if (!this.#statusesOf(id).includes(token.status))
        faults.push(`token ${id} is ${token.status}`);
      else if (!this.#classesOf(booking).includes(token.type))
        faults.push(`token ${id} is of class ${token.type}`);
      else if (identityOf(token) !== identityOf(booking))
        faults.push(`token ${id} was ${identityOf(booking)} and is ${identityOf(token)}`);
    }
    return faults;
  }

  #statusesOf(id: string): string[] {
    if (this.#cancelled.has(id)) return ['CANCELLED'];
    // A cancellation without an answer may or may not have taken place.
    return this.#cancelSent.has(id) ? ['BOOKED', 'WAITING', 'CANCELLED'] : ['BOOKED', 'WAITING'];
  }

  #classesOf({ id, type }: BookingView): string[] {
    const sent = this.#classSent.get(id) ?? type;
    return this.#reclassified.has(id) ? [sent] : [type, sent];
  }

  async #replayFaults(server: ServerProcess): Promise<string[]> {
    const faults: string[] = [];
    for (const first of this.#answeredWithKey) {
      const response = await post(server, first);
      const isReplay = response.headers.get('idempotency-replayed') === 'true';
      const text = await response.text();
      if (response.status !== first.status || text !== first.text || !isReplay)
        faults.push(`${found(first.key ?? undefined)} was ${first.text} and is ${text}`);
    }
    return faults;
  }

  async #scheduleFaults(server: ServerProcess): Promise<string[]> {
    const response = await server.get('/schedule?doctor_id=doc1');
    const { slots } = (await response.json()) as ScheduleView;
    const mine = slots.filter(({ id }) => this.#slots.includes(id));
    const live = mine.flatMap(({ tokens, waitlist }) => [...tokens, ...waitlist]);
    return [
      ...(mine.length < this.#slots.length ? ['a slot is lost'] : []),
      ...twice(live.map((token) => token.patient_name)),
      ...twice(live.map((token) => `number ${token.number}`)),
      ...mine.flatMap(slotFaults),
    ];
  }
}

const post = (server: ServerProcess, { path, body, key }: Command): Promise<Response> =>
  server.post(path, body, key === null ? {} : { 'idempotency-key': key });

/** The fields of a token that never change. */
const identityOf = ({ number, slot_id, patient_name, timestamp }: TokenView): string =>
  JSON.stringify({ number, slot_id, patient_name, timestamp });

const twice = (names: readonly string[]): string[] =>
  names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is twice`);

/**
 * Checks the rules for a slot in which no patient has checked in: each list is in the order of rank, no token waits
 * while a seat is free (R5), and no waiting token is of a higher class than a seated one (R8). Among equals the seated
 * token may have the later arrival, because a waiting token that is reclassified bumps no equal. The numbers of one day
 * are in the order of arrival.
 */
function slotFaults({ id, capacity, tokens, waitlist }: ScheduleView['slots'][number]): string[] {
  const lowest = Math.min(...tokens.map(priorityOf));
  const isFair = waitlist.every((waiter) => priorityOf(waiter) <= lowest);
  const isFull = tokens.length === capacity || (tokens.length < capacity && waitlist.length === 0);
  const isRight = isFair && isFull && isRanked(tokens) && isRanked(waitlist);
  return isRight ? [] : [`the tokens of slot ${id} are not as the rules require`];
}

const priorityOf = ({ type }: TokenView): number => found(PRIORITY.get(type));

const isRanked = (tokens: readonly TokenView[]): boolean => {
  const ranked = tokens.toSorted((a, b) => priorityOf(b) - priorityOf(a) || a.number - b.number);
  return ranked.every(({ id }, index) => id === tokens[index]?.id);
};
