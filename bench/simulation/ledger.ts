import type { Status } from '../../src/engine/index.ts';
import type { BookingView, ClosedView, TokenView } from '../../src/service/index.ts';

/** A slot that the simulation opened for itself. */
export interface OpenedSlot {
  readonly id: string;
  readonly doctorId: string;
  /** Its calendar day at the doctor's place: numbers count up within it (R10). */
  readonly date: string;
  readonly capacity: number;
  readonly startTime: string;
}

export interface Patient {
  /** Place in the day's plan. */
  readonly nth: number;
  readonly name: string;
  /** Named by every other patient only: names alone never collide (R15). */
  readonly patientId: string | null;
}

/** An accepted booking: what the answer said about it. */
export interface Known {
  readonly patient: Patient;
  readonly slot: OpenedSlot;
  readonly booking: BookingView;
}

/** A token's own commands, by the change records they leave; a move leaves two. */
export type Deed =
  | 'booked'
  | 'cancelled'
  | 'no_show'
  | 'checked_in'
  | 'started'
  | 'completed'
  | 'moved'
  | 'reclassified';

/** What an answer said a command has done. */
export interface Told {
  /** The token afterwards; null of a cancel, which does not show it. */
  readonly token: TokenView | null;
  readonly bumped: BookingView['bumped'];
  readonly promoted: string | null;
  /** How the patient was called, when a call it was. */
  readonly call?: Call;
}

/** A call for the next patient. */
export interface Call {
  /** Null for all slots of the day. */
  readonly slotId: string | null;
  /** Who was completed by it. */
  readonly completed: string | null;
}

/** A slot set anew, and what the answer said it did. */
export interface SlotChange {
  readonly slotId: string;
  readonly capacity: number;
  readonly delayMinutes: number;
  readonly bumped: readonly string[];
  readonly promoted: readonly string[];
  readonly closing: Closing | null;
}

export interface Closing {
  readonly slotId: string;
  readonly moveTo: string | null;
  readonly answer: ClosedView;
}

/** A refusal that only what happened meanwhile explains: the token had this status. */
export interface Excuse {
  readonly at: string;
  readonly tokenId: string;
  readonly status: Status;
}

export const COLUMNS = [
  'booked',
  'waiting',
  'bumped',
  'promoted',
  'cancelled',
  'no-show',
  'arrived',
  'called',
  'moved',
] as const;
type Column = (typeof COLUMNS)[number];

/** What happened to the patients of one class, as answered. */
export type ClassCount = Record<Column, number>;

/** Everything that the answers have said so far. */
export class Ledger {
  readonly tokens = new Map<string, Known>();
  readonly counts = new Map<string, ClassCount>();
  readonly refusals = new Map<string, number>();
  /** Slot changes of each doctor that were not audited yet, in their order. */
  readonly slotChanges = new Map<string, SlotChange[]>();
  /** By the reason, which is each closing's own. */
  readonly closings = new Map<string, Closing>();
  /** Slots whose closing was asked for. */
  readonly closing = new Set<string>();
  /** Since the phase began. */
  excuses: Excuse[] = [];
  /** Slots in which nobody was to be called, or doctors, since the phase began. */
  idle: string[] = [];
  readonly #told = new Map<string, Told[]>();
  readonly #called = new Set<string>();
  /** When the patient's check-in was answered. */
  readonly #present = new Map<string, number>();
  #now = 0;

  book(known: Known): void {
    const { booking } = known;
    this.tokens.set(booking.id, known);
    this.tell('booked', booking.id, { token: booking, bumped: booking.bumped, promoted: null });
    this.count(booking.type, booking.status === 'WAITING' ? 'waiting' : 'booked');
  }

  /** Enters what an answer said; answers to one token's commands of one kind in their order. */
  tell(deed: Deed, id: string, told: Told): void {
    const key = `${deed} ${id}`;
    this.#told.set(key, [...(this.#told.get(key) ?? []), told]);
    this.#now += 1;
    if (deed === 'checked_in') this.#present.set(id, this.#now);
    if (told.bumped !== null) this.count(told.bumped.type, 'bumped');
    if (told.promoted !== null) this.count(this.typeOf(told.promoted), 'promoted');
  }

  /** What the next answer about this token said of such a command; each is told once. */
  toldOf(deed: Deed, id: string): Told | undefined {
    return this.#told.get(`${deed} ${id}`)?.shift();
  }

  /** The same, left there. */
  peek(deed: Deed, id: string): Told | undefined {
    return this.#told.get(`${deed} ${id}`)?.[0];
  }

  /** The commands that were answered with a success and are on no record. */
  get untold(): string[] {
    return [...this.#told].filter(([, left]) => left.length > 0).map(([key]) => key);
  }

  /** Whether the patient is called for the first time. */
  call(id: string): boolean {
    const isFirst = !this.#called.has(id);
    this.#called.add(id);
    return isFirst;
  }

  /** Counts up with every answer: what was answered until a request is sent is true before it. */
  get now(): number {
    return this.#now;
  }

  /** Whether the patient had been checked in by then, and is not on the move. */
  wasPresent(id: string, then: number): boolean {
    return (this.#present.get(id) ?? Infinity) <= then;
  }

  /** A move is about to be sent: on another day the patient is not there yet. */
  sendAway(id: string): void {
    this.#present.delete(id);
  }

  changeSlot(doctorId: string, change: SlotChange): void {
    this.slotChanges.set(doctorId, [...(this.slotChanges.get(doctorId) ?? []), change]);
  }

  refuse(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  beginPhase(): void {
    this.excuses = [];
    this.idle = [];
  }

  count(type: string, column: Column): void {
    const count = this.counts.get(type) ?? emptyCount();
    this.counts.set(type, count);
    count[column] += 1;
  }

  /** The class a token was booked with. */
  typeOf(id: string): string {
    return this.tokens.get(id)?.booking.type ?? 'of nobody';
  }

  /** The sums over all classes. */
  get total(): ClassCount {
    const total = emptyCount();
    for (const count of this.counts.values())
      for (const name of COLUMNS) total[name] += count[name];
    return total;
  }
}

const emptyCount = (): ClassCount => ({
  booked: 0,
  waiting: 0,
  bumped: 0,
  promoted: 0,
  cancelled: 0,
  'no-show': 0,
  arrived: 0,
  called: 0,
  moved: 0,
});
