import type { Intake, Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/http/resources/index.ts';

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
  /** The room of the last consultation; null if none was named. */
  room: string | null;
  /** The kind of the token's last change, and the status before it (R22). */
  last: { readonly kind: ChangeView['kind']; readonly from: Status };
  slot: ReferenceSlot;
  /** Number of the token's change records that were applied. */
  recordsPlayed: number;
  /** Every status of the token since the phase began. */
  statusesInPhase: Set<Status>;
}

/** The statuses of a patient who has a seat and is not there: any higher class bumps such a token (R3). */
const ABSENT: readonly Status[] = ['BOOKED', 'SKIPPED'];
const SEATED: readonly Status[] = [...ABSENT, 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED'];

export const holdsSeat = ({ status }: ReferenceToken): boolean => SEATED.includes(status);

const isAbsent = ({ status }: ReferenceToken): boolean => ABSENT.includes(status);

/** The order of R3: lower priority first; with equal priority, a patient who is not there; then the later arrival. */
const isWeaker = (a: ReferenceToken, b: ReferenceToken): boolean => {
  if (a.priority !== b.priority) return a.priority < b.priority;
  if (isAbsent(a) !== isAbsent(b)) return isAbsent(a);
  return a.arrival > b.arrival;
};

const weakestOf = (tokens: readonly ReferenceToken[]): ReferenceToken | undefined =>
  tokens.reduce<ReferenceToken | undefined>(
    (weakest, token) => (weakest === undefined || isWeaker(token, weakest) ? token : weakest),
    undefined,
  );

const outranks = (a: ReferenceToken, b: ReferenceToken): boolean =>
  a.priority === b.priority ? a.arrival < b.arrival : a.priority > b.priority;

/** The status that a token gets with a seat (R5). */
export const seatStatusOf = ({ hasCheckedIn }: ReferenceToken): Status =>
  hasCheckedIn ? 'CHECKED_IN' : 'BOOKED';

/** Whether the patient of a token with this status is there; undefined if the status does not say it. */
export const presenceAt = (status: Status): boolean | undefined => {
  if (status === 'BOOKED' || status === 'SKIPPED') return false;
  return status === 'CHECKED_IN' || status === 'IN_CONSULTATION' || undefined;
};

/** A slot of the reference model. It shares no code with the engine, because it checks the engine's answers. */
export class ReferenceSlot {
  readonly id: string;
  readonly doctorId: string;
  readonly date: string;
  readonly startTime: string;
  capacity: number;
  delayMinutes = 0;
  /** Which newcomers it takes (R23). */
  intake: Intake = 'ALL';
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
    const bumpable = newcomer.type === EMERGENCY ? [...ABSENT, 'CHECKED_IN'] : ABSENT;
    return weakestOf(
      this.tokens.filter(
        ({ status, priority }) => bumpable.includes(status) && priority < newcomer.priority,
      ),
    );
  }

  /**
   * The token that is bumped next when the slot gets fewer seats (R12): first the weakest who is not there. If that is
   * an emergency, the weakest of all, because R8 would seat the emergency again at once.
   */
  get weakest(): ReferenceToken | undefined {
    const checkedIn = this.#with('CHECKED_IN');
    const absent = weakestOf(this.tokens.filter(isAbsent));
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
  /** Rooms of each doctor (R19). */
  readonly rooms = new Map<string, number>();
  /** The end of each doctor's break. */
  readonly breaks = new Map<string, string>();

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
   * of best rank in the first slot of today that has a checked-in token. A call of one slot takes the best rank of it.
   */
  nextCalled(doctorId: string, slotId: string | null): ReferenceToken | undefined {
    const slots = this.slotsOf(doctorId).filter((slot) =>
      slotId === null ? slot.hasBegun : slot.id === slotId,
    );
    const checkedIn = slots.flatMap(({ nextCheckedIn }) => nextCheckedIn ?? []);
    const emergencies = checkedIn
      .filter(({ type }) => type === EMERGENCY)
      .sort((a, b) => a.arrival - b.arrival);
    return [...emergencies, ...checkedIn][0];
  }

  /** Today's booked and checked-in tokens of a doctor in the order of R18: checked-in emergencies, then slot by slot. */
  callingOrder(doctorId: string): ReferenceToken[] {
    const isFirst = ({ status, type }: ReferenceToken): boolean =>
      status === 'CHECKED_IN' && type === EMERGENCY;
    const tokens = this.slotsOf(doctorId)
      .filter(({ hasBegun }) => hasBegun)
      .flatMap((slot) => slot.tokens)
      .filter(({ status }) => status === 'BOOKED' || status === 'CHECKED_IN');
    const emergencies = tokens.filter(isFirst).sort((a, b) => a.arrival - b.arrival);
    return [...emergencies, ...tokens.filter((token) => !isFirst(token))];
  }

  /** The tokens in consultation with a doctor, the earliest arrival first. */
  inConsultation(doctorId: string): ReferenceToken[] {
    return this.slotsOf(doctorId)
      .flatMap(({ tokens }) => tokens.filter(({ status }) => status === 'IN_CONSULTATION'))
      .sort((a, b) => a.arrival - b.arrival);
  }

  /** The token because of which nobody can go into this room: the one in it or, when all rooms are taken, the first (R19). */
  occupantOf(doctorId: string, room: string | null): ReferenceToken | undefined {
    const here = this.inConsultation(doctorId);
    const inRoom = here.find((token) => room !== null && token.room === room);
    return inRoom ?? (here.length < (this.rooms.get(doctorId) ?? 1) ? undefined : here[0]);
  }

  /** The token that a call from this room completes or skips: the one in it or, with one room or no name, the only one (R19). */
  currentOf(doctorId: string, room: string | null): ReferenceToken | undefined {
    const here = this.inConsultation(doctorId);
    const inRoom = here.find((token) => room !== null && token.room === room);
    const isOnly = here.length === 1 && (room === null || this.rooms.get(doctorId) === 1);
    return inRoom ?? (isOnly ? here[0] : undefined);
  }

  /** Forgets the statuses of earlier phases. */
  beginPhase(): void {
    for (const token of this.tokens.values()) token.statusesInPhase = new Set([token.status]);
  }
}
