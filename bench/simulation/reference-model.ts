import type { Status } from '../../src/engine/index.ts';

/** The only class that bumps a checked-in token (R3). */
export const EMERGENCY = 'EMERGENCY';

/** A token of the reference model. */
export interface ReferenceToken {
  readonly id: string;
  readonly patientId: string | null;
  type: string;
  priority: number;
  /** The token's place in the doctor's order of accepted bookings. */
  arrival: number;
  number: number;
  status: Status;
  /** Whether the patient has checked in at the desk. */
  hasCheckedIn: boolean;
  slot: ReferenceSlot;
  /** Number of the token's change records that were applied. */
  recordsPlayed: number;
  /** Every status of the token since the phase began. */
  statusesInPhase: Set<Status>;
}

const SEATED: readonly Status[] = ['BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED'];

export const holdsSeat = ({ status }: ReferenceToken): boolean => SEATED.includes(status);

/** The order of R3: lower priority first; with equal priority, a token that is not checked in; then the later arrival. */
const isWeaker = (a: ReferenceToken, b: ReferenceToken): boolean => {
  if (a.priority !== b.priority) return a.priority < b.priority;
  if (a.status !== b.status) return a.status === 'BOOKED';
  return a.arrival > b.arrival;
};

const weakestOf = (tokens: readonly ReferenceToken[]): ReferenceToken | undefined =>
  tokens.reduce<ReferenceToken | undefined>(
    (weakest, token) => (weakest === undefined || isWeaker(token, weakest) ? token : weakest),
    undefined,
  );

const outranks = (a: ReferenceToken, b: ReferenceToken): boolean =>
  a.priority === b.priority ? a.arrival < b.arrival : a.priority > b.priority;

/** A slot of the reference model. It shares no code with the engine, because it checks the engine's answers. */
export class ReferenceSlot {
  readonly id: string;
  readonly doctorId: string;
  readonly date: string;
  readonly startTime: string;
  capacity: number;
  delayMinutes = 0;
  isClosed = false;
  /** The live tokens, best rank first. */
  readonly tokens: ReferenceToken[] = [];

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

  get seated(): ReferenceToken[] {
    return this.tokens.filter(holdsSeat);
  }

  get waiting(): ReferenceToken[] {
    return this.#with('WAITING');
  }

  get isFull(): boolean {
    return this.seated.length >= this.capacity;
  }

  /** Number of tokens in consultation or completed, which no token can bump. */
  get unbumpableCount(): number {
    return this.#with('IN_CONSULTATION').length + this.#with('COMPLETED').length;
  }

  get nextCheckedIn(): ReferenceToken | undefined {
    return this.tokens.find(({ status }) => status === 'CHECKED_IN');
  }

  /** Whether its start has passed; a slot of the simulation that has begun is one of today. */
  get hasBegun(): boolean {
    return Date.parse(this.startTime) <= Date.now();
  }

  enter(token: ReferenceToken): void {
    const behind = this.tokens.findIndex((other) => outranks(token, other));
    this.tokens.splice(behind === -1 ? this.tokens.length : behind, 0, token);
  }

  leave(token: ReferenceToken): void {
    this.tokens.splice(this.tokens.indexOf(token), 1);
  }

  /** The token that a newcomer of this class bumps when the slot is full (R3). */
  victimOf(newcomer: Pick<ReferenceToken, 'type' | 'priority'>): ReferenceToken | undefined {
    const bumpable = newcomer.type === EMERGENCY ? ['BOOKED', 'CHECKED_IN'] : ['BOOKED'];
    return weakestOf(
      this.tokens.filter(
        ({ status, priority }) => bumpable.includes(status) && priority < newcomer.priority,
      ),
    );
  }

  /**
   * The token that is bumped next when the slot gets fewer seats (R12): first the weakest that is not checked in. If that
   * is an emergency, the weakest of all, because R8 would seat the emergency again at once.
   */
  get weakest(): ReferenceToken | undefined {
    const checkedIn = this.#with('CHECKED_IN');
    const absent = weakestOf(this.#with('BOOKED'));
    return absent === undefined || absent.type === EMERGENCY
      ? weakestOf([...checkedIn, ...(absent === undefined ? [] : [absent])])
      : absent;
  }

  /** The place on the waitlist, from 1 on; null if the token does not wait. */
  positionOf(token: ReferenceToken): number | null {
    const place = this.waiting.indexOf(token);
    return place === -1 ? null : place + 1;
  }

  /** The rule of R1, R5 and R8 that the slot breaks between two commands; undefined if it breaks none. */
  get violation(): string | undefined {
    const seated = this.seated.length;
    if (seated > this.capacity) return `R1: ${seated} seated on ${this.capacity} seats`;
    const [next] = this.waiting;
    if (this.isClosed || next === undefined) return undefined;
    if (seated < this.capacity) return `R5: ${next.id} waits although a seat is free`;
    const victim = this.victimOf(next);
    return victim && `R8: ${next.id} waits, but outranks ${victim.id} and may bump it`;
  }

  #with(status: Status): ReferenceToken[] {
    return this.tokens.filter((token) => token.status === status);
  }
}

/** All slots and tokens of the simulation, as the rules and the change records make them. */
export class ReferenceModel {
  readonly slots = new Map<string, ReferenceSlot>();
  readonly tokens = new Map<string, ReferenceToken>();

  /** The tokens with one of these statuses, in the order of their bookings. */
  tokensWith(...statuses: readonly Status[]): ReferenceToken[] {
    return [...this.tokens.values()].filter(({ status }) => statuses.includes(status));
  }

  slotsOf(doctorId: string): ReferenceSlot[] {
    return [...this.slots.values()]
      .filter((slot) => slot.doctorId === doctorId)
      .sort((a, b) => (a.startTime < b.startTime ? -1 : 1));
  }

  /**
   * The token that a call takes (R18): the first checked-in emergency of the day; if there is none, the checked-in token
   * of best rank in the first slot that has a checked-in token. A call of one slot takes the best rank of that slot.
   */
  nextCalled(doctorId: string, slotId: string | null): ReferenceToken | undefined {
    const slots = this.slotsOf(doctorId).filter(({ id }) => slotId === null || id === slotId);
    const checkedIn = slots.flatMap(({ nextCheckedIn }) => nextCheckedIn ?? []);
    const emergencies = checkedIn
      .filter(({ type }) => type === EMERGENCY)
      .sort((a, b) => a.arrival - b.arrival);
    return [...emergencies, ...checkedIn][0];
  }

  /** Forgets the statuses of earlier phases. */
  beginPhase(): void {
    for (const token of this.tokens.values()) token.statusesInPhase = new Set([token.status]);
  }
}
