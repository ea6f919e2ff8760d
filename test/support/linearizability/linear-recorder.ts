import { isStatus, type Status } from '../../../src/engine/index.ts';
import { found } from '../engine/clinic.ts';
import { historyFaults, type Exchange } from './linear-history.ts';
import { CLASSES, isRead, type DoctorRequest, type LinearDay } from './linear-request.ts';

/** How many patients book more than once. */
const REGULARS = 8;
/** A client asks about one of the tokens that changed last: so few that several clients use the same token. */
const RECENT_MAX = 6;
const HOUR_MS = 3_600_000;

const THERE: readonly Status[] = ['CHECKED_IN', 'IN_CONSULTATION'];
const ABSENT: readonly Status[] = ['BOOKED', 'SKIPPED'];

/**
 * The kinds of request, each with its share among all requests and with the statuses of the tokens that it is mostly
 * sent for. Without statuses it is sent for any token.
 */
const SHARES: readonly [
  share: number,
  kind: DoctorRequest['kind'],
  statuses?: readonly Status[],
][] = [
  [20, 'book'],
  [6, 'cancel', [...ABSENT, 'CHECKED_IN', 'WAITING']],
  [3, 'noShow', [...ABSENT, ...THERE]],
  [12, 'checkIn', ABSENT],
  [9, 'callNext'],
  [2, 'start', [...ABSENT, 'CHECKED_IN']],
  [4, 'skip', THERE],
  [2, 'complete', ['IN_CONSULTATION']],
  [10, 'undo', [...THERE, 'SKIPPED', 'COMPLETED', 'CANCELLED', 'NO_SHOW']],
  [4, 'move', [...ABSENT, 'CHECKED_IN', 'WAITING']],
  [2, 'closeSlot'],
  [5, 'reopenSlot'],
  [7, 'token'],
  [4, 'slot'],
  [8, 'queue'],
  [4, 'schedule'],
];

/** The kinds of the requests that name a token. */
type TokenKind = Extract<DoctorRequest, { readonly token: number }>['kind'];

/** Every kind of request. */
export const KINDS = SHARES.map(([, kind]) => kind);

/** Records the requests and answers of random clients of one or more processes, with one clock for all. */
export class Recorder {
  readonly exchanges: Exchange[] = [];
  readonly #doctor: string;
  readonly #day: LinearDay;
  readonly #random: () => number;
  readonly #hoursNow = Math.floor(Date.now() / HOUR_MS);
  /** It is noon where the doctor is, so that the day does not end during the test. */
  readonly #offsetHours = 12 - (this.#hoursNow % 24);
  /** The tokens with the status that an answer showed last; the token whose status changed last is the last one. */
  readonly #tokens = new Map<string, string>();
  #sent = 0;
  #answered = 0;

  /**
   * @param doctor the id of a doctor who does not exist yet
   * @param random yields numbers from 0 to below 1
   */
  constructor(doctor: string, day: LinearDay, random: () => number) {
    this.#doctor = doctor;
    this.#day = day;
    this.#random = random;
  }

  /** Requests answered so far. */
  get answered(): number {
    return this.#answered;
  }

  /** The kinds of the requests that were accepted so far, each as often as it came up. */
  get accepted(): DoctorRequest['kind'][] {
    const isAccepted = ({ answered }: Exchange): boolean => (answered?.status ?? 500) < 300;
    return this.exchanges.filter(isAccepted).map(({ request }) => request.kind);
  }

  /** How many commands have no answer. */
  get unanswered(): number {
    return this.exchanges.filter(({ answered }) => answered === null).length;
  }

  /** Why the processes do not behave as one service; empty when the history is linearizable. */
  faults(): string[] {
    return historyFaults(this.exchanges, this.#day);
  }

  /** Adds the doctor and the slots through one of the processes. The first slot has begun, and none ends soon. */
  async open(url: string): Promise<void> {
    const { rooms, slots } = this.#day;
    // The sign of these zones is reversed: Etc/GMT-5 is five hours ahead of UTC.
    const zone = `Etc/GMT${this.#offsetHours > 0 ? '-' : '+'}${Math.abs(this.#offsetHours)}`;
    const doctor = { name: 'Dr. Linear', time_zone: zone, rooms, sessions: [] };
    await created(`${url}/doctors/${this.#doctor}`, 'PUT', doctor);
    for (const [place, { capacity }] of slots.entries()) {
      const ids = { doctor_id: this.#doctor, id: this.#slot(place) };
      const times = { start_time: this.#hour(11 + place), end_time: this.#hour(22) };
      await created(`${url}/slots`, 'POST', { ...ids, ...times, capacity });
    }
  }

  /**
   * Lets several clients send requests at the same time, each to a random process, until `requests` are sent in all.
   * A client does not use a process again after a broken connection, and stops when it has no process left.
   */
  async run(urls: readonly string[], clients: number, requests: number): Promise<void> {
    const sentMax = this.#sent + requests;
    const client = async (name: number): Promise<void> => {
      let alive = urls;
      while (alive.length > 0 && this.#sent < sentMax) {
        const url = this.#pick(alive);
        if (!(await this.#ask(name, url))) alive = alive.filter((other) => other !== url);
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, name) => client(name)));
  }

  /** Sends one request and records it. Returns false when the connection broke. */
  async #ask(client: number, url: string): Promise<boolean> {
    this.#sent += 1;
    const request = this.#next();
    const invoked = performance.now();
    try {
      const response = await this.#send(url, request);
      const text = (await response.text()).replaceAll(`.${this.#doctor}"`, '"');
      const { status } = response;
      const answered = { at: performance.now(), status, text };
      // After a failure of the service it is unknown whether the command took effect.
      this.#note({ client, invoked, request, answered: status >= 500 ? null : answered });
      return true;
    } catch (error) {
      // A refused connection is not recorded, because no process received the request.
      if (!isRefused(error)) this.#note({ client, invoked, request, answered: null });
      return false;
    }
  }

  #next(): DoctorRequest<string> {
    const [, kind, statuses] = this.#share();
    const slot = Math.floor(this.#random() * this.#day.slots.length);
    switch (kind) {
      case 'queue':
      case 'schedule':
        return { kind };
      case 'slot':
      case 'reopenSlot':
        return { kind, slot };
      case 'closeSlot':
        return { kind, slot, moveTo: this.#pick([null, ...this.#day.slots.keys()]) };
      case 'callNext':
        return {
          ...{ kind, room: this.#room(), slot: this.#random() < 0.2 ? slot : null },
          current: this.#pick(['completed', 'skipped', 'skipped', null]),
        };
      case 'book':
        return this.#booking(slot);
      default: {
        const token = this.#token(statuses);
        return token === undefined ? this.#booking(slot) : this.#onToken(kind, token, slot);
      }
    }
  }

  #onToken(kind: TokenKind, token: string, slot: number): DoctorRequest<string> {
    switch (kind) {
      case 'start':
        return { kind, token, room: this.#room() };
      case 'move':
        return { kind, token, slot };
      default:
        return { kind, token };
    }
  }

  #share(): (typeof SHARES)[number] {
    const all = SHARES.reduce((sum, [share]) => sum + share, 0);
    let dice = this.#random() * all;
    return found(SHARES.find(([share]) => (dice -= share) < 0));
  }

  /** Mostly a token with one of these statuses; undefined when there is none. */
  #token(statuses?: readonly string[]): string | undefined {
    const isAny = statuses === undefined || this.#random() < 0.1;
    const fitting = [...this.#tokens].filter(([, status]) => isAny || statuses.includes(status));
    return fitting.length === 0 ? undefined : this.#pick(fitting.slice(-RECENT_MAX))[0];
  }

  #booking(slot: number): DoctorRequest<string> {
    const isRegular = this.#random() < 0.2;
    return {
      ...{ kind: 'book', slot, name: `p${this.#sent}`, type: this.#pick(CLASSES) },
      patient: isRegular ? Math.floor(this.#random() * REGULARS) : null,
    };
  }

  #room(): string | null {
    return this.#pick(['A', 'B', null]);
  }

  #send(url: string, request: DoctorRequest<string>): Promise<Response> {
    const [method, path, body] = this.#httpOf(request);
    return method === 'GET' ? fetch(url + path) : send(url + path, method, body);
  }

  #httpOf(request: DoctorRequest<string>): readonly [method: string, path: string, body: object] {
    const token = 'token' in request ? { token_id: request.token } : {};
    switch (request.kind) {
      case 'schedule': {
        const date = this.#hour(12 + this.#offsetHours).slice(0, 10);
        return ['GET', `/schedule?doctor_id=${this.#doctor}&date=${date}`, {}];
      }
      case 'queue':
        return ['GET', `/queue?doctor_id=${this.#doctor}`, {}];
      case 'slot':
        return ['GET', `/slots/${this.#slot(request.slot)}`, {}];
      case 'token':
        return ['GET', `/tokens/${request.token}`, {}];
      case 'book': {
        const { name: patient_name, type: patient_type, patient } = request;
        const named = patient === null ? {} : { patient_id: this.#named(`p${patient}`) };
        const place = { doctor_id: this.#doctor, slot_id: this.#slot(request.slot) };
        return ['POST', '/book', { ...place, patient_name, patient_type, ...named }];
      }
      case 'cancel':
      case 'skip':
      case 'complete':
        return ['POST', `/${request.kind}`, token];
      case 'checkIn':
        return ['POST', '/check-in', token];
      case 'noShow':
        return ['POST', '/no-show', { ...token, force: true }];
      case 'undo':
        return ['POST', '/undo', { ...token, reason: 'a wrong click' }];
      case 'start':
        return ['POST', '/start', { ...token, ...roomField(request.room) }];
      case 'move':
        return ['POST', '/move', { ...token, slot_id: this.#slot(request.slot) }];
      case 'callNext': {
        const { slot, room, current } = request;
        const from = slot === null ? {} : { slot_id: this.#slot(slot) };
        const ended = {
          complete_current: current === 'completed',
          skip_current: current === 'skipped',
        };
        return [
          'POST',
          '/call-next',
          { doctor_id: this.#doctor, ...from, ...roomField(room), ...ended },
        ];
      }
      case 'closeSlot': {
        const moveTo = request.moveTo === null ? {} : { move_to: this.#slot(request.moveTo) };
        return ['POST', `/slots/${this.#slot(request.slot)}/close`, { reason: 'ill', ...moveTo }];
      }
      case 'reopenSlot':
        return ['POST', `/slots/${this.#slot(request.slot)}/reopen`, { reason: 'well again' }];
    }
  }

  #note(exchange: Exchange): void {
    const { request, answered } = exchange;
    // A read without an answer is not recorded, because it changes and proves nothing.
    if (answered === null && isRead(request)) return;
    this.exchanges.push(exchange);
    if (answered === null) return;
    this.#answered += 1;
    JSON.parse(answered.text, (_, value: unknown) => {
      if (isShown(value)) this.#noteToken(value);
      return value;
    });
  }

  #noteToken({ id, status }: Shown): void {
    if (this.#tokens.get(id) === status) return;
    this.#tokens.delete(id);
    this.#tokens.set(id, status);
  }

  #slot(place: number): string {
    return this.#named(found(this.#day.slots[place]).id);
  }

  /** An id that no other recording uses. Answers are recorded without the ending. */
  #named(id: string): string {
    return `${id}.${this.#doctor}`;
  }

  /** An hour of the doctor's day. */
  #hour(hour: number): string {
    return new Date((this.#hoursNow - 12 + hour) * HOUR_MS).toISOString();
  }

  #pick<T>(items: readonly T[]): T {
    return found(items[Math.floor(this.#random() * items.length)]);
  }
}

interface Shown {
  readonly id: string;
  readonly status: string;
}

const isShown = (value: unknown): value is Shown =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  'status' in value &&
  isStatus(String(value.status));

const roomField = (room: string | null): object => (room === null ? {} : { room });

const send = (url: string, method: string, body: object): Promise<Response> =>
  fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function created(url: string, method: string, body: object): Promise<void> {
  const response = await send(url, method, body);
  if (response.status !== 201) throw new Error(`${url}: ${await response.text()}`);
}

const isRefused = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
};
