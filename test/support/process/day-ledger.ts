import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_CLASSES } from '../../../src/engine/index.ts';
import type {
  BookingView,
  CalledView,
  CancelView,
  ClosedView,
  HistoryView,
  NoShowView,
  ReorderedView,
  ScheduleView,
  SlotView,
  TokenView,
} from '../../../src/http/resources/index.ts';
import { found } from '../engine/clinic.ts';
import { eventually } from '../eventually.ts';
import type { ServerProcess } from './server-process.ts';

interface Command {
  readonly path: string;
  readonly body: object;
  readonly key: string | null;
}

interface Answered extends Command {
  readonly status: number;
  readonly text: string;
}

/** A change that an answer reported: a token and the entry that its history must have, such as `moved_in nine`. */
type Fact = readonly [token: string, record: string];

interface Touched {
  readonly bumped?: { readonly id: string } | null;
  readonly promoted?: { readonly id: string } | null;
}

const touched = ({ bumped, promoted }: Touched): Fact[] => [
  ...(bumped ? [[bumped.id, 'bumped'] as const] : []),
  ...(promoted ? [[promoted.id, 'promoted'] as const] : []),
];

const moved = ({ id, slot_id }: TokenView): Fact[] => [
  [id, 'moved_out'],
  [id, `moved_in ${slot_id}`],
];

/** The changes that the answer of each command reports. */
const FACTS: Readonly<Record<string, (answer: never) => Fact[]>> = {
  '/book': (token: BookingView) => [[token.id, `booked ${token.slot_id}`], ...touched(token)],
  '/check-in': ({ id }: TokenView) => [[id, 'checked_in']],
  '/call-next': ({ id, completed }: CalledView) => [
    [id, 'started'],
    ...(completed === null ? [] : [[completed.id, 'completed'] as const]),
  ],
  '/move': (token: ReorderedView) => [...moved(token), ...touched(token)],
  '/reclassify': (token: ReorderedView) => touched(token),
  '/cancel': (left: CancelView) => [[left.id, 'cancelled'], ...touched(left)],
  '/no-show': (left: NoShowView) => [[left.id, 'no_show'], ...touched(left)],
  '/close': ({ affected, bumped }: ClosedView) => [
    ...affected.flatMap(({ outcome, token }): Fact[] => {
      if (outcome === 'stays') return [];
      return outcome === 'moved' ? moved(token) : [[token.id, 'cancelled']];
    }),
    ...bumped.map(({ id }) => [id, 'bumped'] as const),
  ],
};

const TYPES = DEFAULT_CLASSES.map(({ type }) => type);
const DOCTORS = ['doc1', 'doc2'];
/** No slot is closed when only this many slots are open. A slot whose closing has no answer yet counts as open. */
const OPEN_MIN = 4;
/** The clients act on this many of the latest tokens, because older ones are over or wait without end. */
const LATEST = 100;

/**
 * A clinic's day as its clients see it: it records every change that an answer reported. After a kill and a restart,
 * `faults` checks that the service has all these changes and that its slots obey the rules.
 */
export class DayLedger {
  readonly #random: () => number;
  readonly #slots: string[] = [];
  /** The slots whose closing the service has not acknowledged. */
  readonly #open = new Set<string>();
  readonly #tokens: string[] = [];
  readonly #facts: Fact[] = [];
  readonly #answeredWithKey: Answered[] = [];
  readonly #kinds = new Set<string>();
  readonly #refused: string[] = [];
  #sent = 0;
  #acknowledged = 0;
  #failure = '';
  #isOver = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Commands answered with success so far. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The names of the patients whose bookings were refused because the service took no commands. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** Opens `count` slots, of the two doctors in turn. They began an hour ago and end in an hour. */
  async open(server: ServerProcess, count: number): Promise<void> {
    const hours = (from: number) => new Date(Date.now() + from * 3_600_000).toISOString();
    for (let index = 0; index < count; index += 1) {
      const id = `slot-${this.#slots.length}`;
      const doctor_id = found(DOCTORS[index % DOCTORS.length]);
      const times = { start_time: hours(-1), end_time: hours(1) };
      const { status } = await server.post('/slots', { id, doctor_id, ...times, capacity: 3 });
      if (status !== 201) throw new Error(`slot ${id} is refused: ${status}`);
      this.#slots.push(id);
      this.#open.add(id);
    }
  }

  /**
   * Opens more slots until every kind of command has been answered with success. Without free seats almost all tokens
   * wait, and a command such as a no-show succeeds too seldom.
   */
  async reachEveryKind(server: ServerProcess): Promise<void> {
    await eventually(async () => {
      if (this.#hasEveryKind) return true;
      await this.open(server, 2);
      return false;
    });
  }

  get #hasEveryKind(): boolean {
    return this.#kinds.size === Object.keys(FACTS).length;
  }

  /** Sends one command after another until the service has ended. */
  async client(server: ServerProcess): Promise<void> {
    while (await this.#send(server, this.#next()));
  }

  /** Sends one command after another. When the service refuses one, it waits as long as the service says. */
  async steadyClient(server: ServerProcess): Promise<void> {
    while (!this.#isOver && (await this.#send(server, this.#next(), true)));
  }

  /** Ends the steady clients. */
  end(): void {
    this.#isOver = true;
  }

  #next(): Command {
    this.#sent += 1;
    const key = this.#random() < 0.5 ? `key ${this.#sent}` : null;
    const token_id = this.#pick(this.#tokens.slice(-LATEST)) ?? 'nobody';
    const open = [...this.#open];
    const slot_id = found(this.#pick(open));
    const type = { patient_type: found(this.#pick(TYPES)) };
    const commands: readonly [weight: number, path: string, body: object][] = [
      [
        30,
        '/book',
        { ...this.#slotFieldsOf(slot_id), patient_name: `patient ${this.#sent}`, ...type },
      ],
      [22, '/check-in', { token_id }],
      [16, '/call-next', { doctor_id: this.#pick(DOCTORS), complete_current: true }],
      [14, '/move', { token_id, slot_id }],
      [6, '/reclassify', { token_id, ...type, reason: 'triage' }],
      [4, '/cancel', { token_id }],
      [4, '/no-show', { token_id, force: true }],
      // Some slots stay open, because without them no booking succeeds.
      [
        open.length > OPEN_MIN ? 3 : 0,
        `/slots/${slot_id}/close`,
        { reason: 'ill', move_to: this.#pick(open) },
      ],
    ];
    let rest = this.#random() * commands.reduce((sum, [weight]) => sum + weight, 0);
    const [, path, body] = found(commands.find(([weight]) => (rest -= weight) < 0));
    return { path, body, key };
  }

  #slotFieldsOf(slot_id: string): object {
    return { slot_id, doctor_id: DOCTORS[this.#slots.indexOf(slot_id) % DOCTORS.length] };
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random() * items.length)];
  }

  async #send(server: ServerProcess, command: Command, mayRefuse = false): Promise<boolean> {
    try {
      const response = await post(server, command);
      if (mayRefuse && response.status === 503) {
        await response.text();
        if ('patient_name' in command.body) this.#refused.push(String(command.body.patient_name));
        await delay(Number(response.headers.get('retry-after')) * 1_000);
        return true;
      }
      this.#note({ ...command, status: response.status, text: await response.text() });
      return true;
    } catch {
      return false;
    }
  }

  #note(answer: Answered): void {
    const { path, key, status, text } = answer;
    if (status >= 500 || status === 400) this.#failure = `${path} answered ${status}: ${text}`;
    if (key !== null) this.#answeredWithKey.push(answer);
    if (status >= 300) return;
    this.#acknowledged += 1;
    const kind = path.replace(/^\/slots\/.*\//, '/');
    this.#kinds.add(kind);
    if (kind === '/close') this.#open.delete(found(path.split('/')[2]));
    const factsOf = found(FACTS[kind]);
    const body = JSON.parse(text) as TokenView;
    if (path === '/book') this.#tokens.push(body.id);
    this.#facts.push(...factsOf(body as never));
  }

  /** Describes each difference between the service's state and the answers that it gave. */
  async faults(server: ServerProcess): Promise<string[]> {
    return [
      ...(this.#failure === '' ? [] : [this.#failure]),
      ...(await this.#recordFaults(server)),
      ...(await this.#replayFaults(server)),
      ...(await this.#scheduleFaults(server)),
    ];
  }

  /** Every reported change must be in the history, and each token must have the status of its last history entry. */
  async #recordFaults(server: ServerProcess): Promise<string[]> {
    const faults: string[] = [];
    for (const id of new Set(this.#facts.map(([token]) => token))) {
      const [history, token] = await Promise.all([
        readJson<HistoryView>(server, `/tokens/${id}/history`),
        readJson<TokenView>(server, `/tokens/${id}`),
      ]);
      if (history === undefined || token === undefined) {
        faults.push(`token ${id} is lost`);
        continue;
      }
      const records = history.changes.flatMap(({ kind, slot_id }) => [kind, `${kind} ${slot_id}`]);
      const reported = this.#facts.filter(([of]) => of === id).map(([, record]) => record);
      faults.push(...missing(reported, records).map((record) => `token ${id} is not ${record}`));
      const last = history.changes.at(-1);
      if (last?.to !== token.status || last.slot_id !== token.slot_id)
        faults.push(`token ${id} is ${token.status} in ${token.slot_id}`);
    }
    return faults;
  }

  async #replayFaults(server: ServerProcess): Promise<string[]> {
    const faults: string[] = [];
    for (const first of this.#answeredWithKey) {
      const response = await post(server, first);
      const isReplay = response.headers.get('idempotency-replayed') === 'true';
      const text = await response.text();
      if (response.status !== first.status || plain(text) !== plain(first.text) || !isReplay)
        faults.push(`${first.path} was ${first.text} and is ${text}`);
    }
    return faults;
  }

  async #scheduleFaults(server: ServerProcess): Promise<string[]> {
    const days = [-1, 1].map((from) => new Date(Date.now() + from * 86_400_000).toISOString());
    const [from, to] = days.map((instant) => instant.slice(0, 10));
    const schedules = await Promise.all(
      DOCTORS.map((id) =>
        readJson<ScheduleView>(server, `/schedule?doctor_id=${id}&from=${from}&to=${to}`),
      ),
    );
    const slots = schedules.flatMap((schedule) => schedule?.slots ?? []);
    const live = slots.flatMap(({ tokens, waitlist }) => [...tokens, ...waitlist]);
    return [
      ...missing(
        this.#slots,
        slots.map(({ id }) => id),
      ).map((id) => `slot ${id} is lost`),
      ...twice(live.map(({ id }) => id)),
      ...twice(live.map((token) => `number ${token.number} of ${token.doctor_id}`)),
      ...slots.flatMap(slotFaults),
    ];
  }
}

/** The items of `some` that `all` lacks. Duplicates count. */
function missing(some: readonly string[], all: readonly string[]): string[] {
  const rest = [...all];
  return some.filter((item) => {
    const place = rest.indexOf(item);
    if (place !== -1) rest.splice(place, 1);
    return place === -1;
  });
}

function slotFaults({ id, status, capacity, seats_left, tokens, waitlist }: SlotView): string[] {
  const isUnfilled = status === 'OPEN' && seats_left > 0 && waitlist.length > 0;
  return [
    ...(tokens.length > capacity ? [`slot ${id} is overbooked`] : []),
    ...(isUnfilled ? [`in slot ${id} a token waits although a seat is free`] : []),
    ...(status === 'CLOSED' && waitlist.length > 0
      ? [`in slot ${id} a token waits although the slot is closed`]
      : []),
  ];
}

const post = (server: ServerProcess, { path, body, key }: Command): Promise<Response> =>
  server.post(path, body, key === null ? {} : { 'idempotency-key': key });

async function readJson<T>(server: ServerProcess, path: string): Promise<T | undefined> {
  const response = await server.get(path);
  return response.ok ? ((await response.json()) as T) : undefined;
}

/** An answer without the field that depends on the request. */
const plain = (text: string): string => text.replace(/"instance":"[^"]*"/, '');

const twice = (names: readonly string[]): string[] =>
  names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is twice`);
