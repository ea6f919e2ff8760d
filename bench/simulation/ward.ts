import type { Status } from '../../src/engine/index.ts';

/** The class that alone bumps who has checked in (R3). */
export const EMERGENCY = 'EMERGENCY';

/** A token as the rules see it. */
export interface WardToken {
  readonly id: string;
  readonly patientId: string | null;
  type: string;
  priority: number;
  /** Place in the order of the doctor's accepted bookings. */
  arrival: number;
  number: number;
  status: Status;
  /** Has been at the desk. */
  isPresent: boolean;
  slot: WardSlot;
  /** Change records of it that were played so far. */
  played: number;
  /** Every status it had since the phase began. */
  had: Set<Status>;
}

const SEATED: readonly Status[] = ['BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED'];

export const holdsSeat = ({ status }: WardToken): boolean => SEATED.includes(status);

/** R3's order: the lowest priority, among equals first one not checked in, then the latest arrival. */
const isWeaker = (a: WardToken, b: WardToken): boolean => {
  if (a.priority !== b.priority) return a.priority < b.priority;
  if (a.status !== b.status) return a.status === 'BOOKED';
  return a.arrival > b.arrival;
};

const weakestOf = (tokens: readonly WardToken[]): WardToken | undefined =>
  tokens.reduce<WardToken | undefined>(
    (weakest, token) => (weakest === undefined || isWeaker(token, weakest) ? token : weakest),
    undefined,
  );

const outranks = (a: WardToken, b: WardToken): boolean =>
  a.priority === b.priority ? a.arrival < b.arrival : a.priority > b.priority;

/** A slot by the rules, written without a look at the engine: a list in rank order, and scans. */
export class WardSlot {
  readonly id: string;
  readonly doctorId: string;
  readonly date: string;
  readonly startTime: string;
  capacity: number;
  delayMinutes = 0;
  isClosed = false;
  /** Live tokens, best rank first. */
  readonly tokens: WardToken[] = [];

  constructor(facts: {
    readonly id: string;
    readonly doctorId: string;
    readonly date: string;
    readonly startTime: string;
    readonly capacity: number;
  }) {
    this.id = facts.id;
    this.doctorId = facts.doctorId;
    this.date = facts.date;
    this.startTime = facts.startTime;
    this.capacity = facts.capacity;
  }

  get seated(): WardToken[] {
    return this.tokens.filter(holdsSeat);
  }

  get waiting(): WardToken[] {
    return this.#with('WAITING');
  }

  get isFull(): boolean {
    return this.seated.length >= this.capacity;
  }

  /** Who is with the doctor or has been: nobody takes their seats. */
  get unbumpable(): number {
    return this.#with('IN_CONSULTATION').length + this.#with('COMPLETED').length;
  }

  get nextCheckedIn(): WardToken | undefined {
    return this.tokens.find(({ status }) => status === 'CHECKED_IN');
  }

  enter(token: WardToken): void {
    const behind = this.tokens.findIndex((other) => outranks(token, other));
    this.tokens.splice(behind === -1 ? this.tokens.length : behind, 0, token);
  }

  leave(token: WardToken): void {
    this.tokens.splice(this.tokens.indexOf(token), 1);
  }

  /** Whom a newcomer of this class bumps when the slot is full (R3). */
  victimOf(newcomer: Pick<WardToken, 'type' | 'priority'>): WardToken | undefined {
    const bumpable = newcomer.type === EMERGENCY ? ['BOOKED', 'CHECKED_IN'] : ['BOOKED'];
    return weakestOf(
      this.tokens.filter(
        ({ status, priority }) => bumpable.includes(status) && priority < newcomer.priority,
      ),
    );
  }

  /** Who gives way when seats become fewer (R12): the absent first, unless R8 would seat them again at once. */
  get weakest(): WardToken | undefined {
    const checkedIn = this.#with('CHECKED_IN');
    const absent = weakestOf(this.#with('BOOKED'));
    return absent === undefined || absent.type === EMERGENCY
      ? weakestOf([...checkedIn, ...(absent === undefined ? [] : [absent])])
      : absent;
  }

  /** 1 for who is seated next; null of a token that does not wait. */
  positionOf(token: WardToken): number | null {
    const place = this.waiting.indexOf(token);
    return place === -1 ? null : place + 1;
  }

  /** What is wrong with the slot between two commands; undefined when it is as R1, R5 and R8 say. */
  get fault(): string | undefined {
    const seated = this.seated.length;
    if (seated > this.capacity) return `R1: ${seated} seated on ${this.capacity} seats`;
    const [next] = this.waiting;
    if (this.isClosed || next === undefined) return undefined;
    if (seated < this.capacity) return `R5: a free seat beside ${next.id}, who waits`;
    const victim = this.victimOf(next);
    return victim && `R8: ${next.id} waits, but outranks ${victim.id} and may bump it`;
  }

  #with(status: Status): WardToken[] {
    return this.tokens.filter((token) => token.status === status);
  }
}

/** All slots and tokens of the simulation, as the rules make them of the change records. */
export class Ward {
  readonly slots = new Map<string, WardSlot>();
  readonly tokens = new Map<string, WardToken>();

  /** The tokens of a status, in the order of their bookings. */
  with(...statuses: readonly Status[]): WardToken[] {
    return [...this.tokens.values()].filter(({ status }) => statuses.includes(status));
  }

  slotsOf(doctorId: string): WardSlot[] {
    return [...this.slots.values()]
      .filter((slot) => slot.doctorId === doctorId)
      .sort((a, b) => (a.startTime < b.startTime ? -1 : 1));
  }

  /** Forgets which statuses the tokens had before. */
  beginPhase(): void {
    for (const token of this.tokens.values()) token.had = new Set([token.status]);
  }
}
