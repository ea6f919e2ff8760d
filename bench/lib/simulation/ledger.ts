import type { BookingView, SlotView, TokenView } from '../../../src/service/index.ts';

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

/** How a token gave its place up, and who the answer says got the seat. */
export interface Departure {
  readonly kind: 'cancelled' | 'no_show';
  readonly promoted: string | null;
}

/** An accepted booking: what the answers said about it. */
export interface Known {
  readonly patient: Patient;
  readonly slot: OpenedSlot;
  readonly booking: BookingView;
  departure: Departure | null;
}

/** What happened to the patients of one class, as answered. */
export interface ClassCount {
  accepted: number;
  booked: number;
  waiting: number;
  bumped: number;
  promoted: number;
  cancelled: number;
  noShow: number;
}

/** Everything that the answers have said so far. */
export class Ledger {
  readonly slots: OpenedSlot[] = [];
  readonly tokens = new Map<string, Known>();
  readonly counts = new Map<string, ClassCount>();
  readonly refusals = new Map<string, number>();
  readonly #bumped = new Set<string>();
  readonly #numbers = new Set<string>();
  readonly #sent = new Map<string, number>();
  #waiting = new Set<string>();

  /** Bookings sent to a slot so far, answered or not. */
  sentTo(slot: OpenedSlot): number {
    return this.#sent.get(slot.id) ?? 0;
  }

  send(slot: OpenedSlot): void {
    this.#sent.set(slot.id, this.sentTo(slot) + 1);
  }

  book(known: Known): void {
    const { booking } = known;
    this.tokens.set(booking.id, known);
    this.#numbers.add(numberKey(known.slot, booking.number));
    const count = this.#count(booking.type);
    count.accepted += 1;
    if (booking.status === 'BOOKED') count.booked += 1;
    else count.waiting += 1;
    if (booking.bumped === null) return;
    this.#bumped.add(booking.bumped.id);
    this.#count(booking.bumped.type).bumped += 1;
  }

  leave(known: Known, kind: Departure['kind'], promoted: TokenView | null): void {
    known.departure = { kind, promoted: promoted?.id ?? null };
    this.#count(known.booking.type)[kind === 'cancelled' ? 'cancelled' : 'noShow'] += 1;
    if (promoted !== null) this.#count(promoted.type).promoted += 1;
  }

  refuse(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  /** Notes who waits, as just read back. */
  read(board: ReadonlyMap<string, SlotView>): void {
    const waiters = Array.from(board.values(), ({ waitlist }) => waitlist).flat();
    this.#waiting = new Set(waiters.map(({ id }) => id));
  }

  hasNumber(slot: OpenedSlot, number: number): boolean {
    return this.#numbers.has(numberKey(slot, number));
  }

  /** Tokens that were not given up, in the order of the plan. */
  get live(): Known[] {
    return this.#where(({ departure }) => departure === null);
  }

  /** The live tokens that held a seat when the slots were read back last. */
  get seated(): Known[] {
    return this.live.filter(({ booking }) => !this.#waiting.has(booking.id));
  }

  /** The live tokens that waited when the slots were read back last. */
  get waiting(): Known[] {
    return this.live.filter(({ booking }) => this.#waiting.has(booking.id));
  }

  /** Of those that waited, the ones that had held a seat before. */
  get bumped(): Known[] {
    return this.waiting.filter(({ booking }) => this.#bumped.has(booking.id));
  }

  departed(kind: Departure['kind']): Known[] {
    return this.#where(({ departure }) => departure?.kind === kind);
  }

  /** The sums over all classes. */
  get total(): ClassCount {
    const total = emptyCount();
    for (const count of this.counts.values())
      for (const name of Object.keys(total) as (keyof ClassCount)[]) total[name] += count[name];
    return total;
  }

  #where(predicate: (known: Known) => boolean): Known[] {
    return [...this.tokens.values()]
      .filter(predicate)
      .sort((a, b) => a.patient.nth - b.patient.nth);
  }

  #count(type: string): ClassCount {
    const count = this.counts.get(type) ?? emptyCount();
    this.counts.set(type, count);
    return count;
  }
}

const numberKey = (slot: OpenedSlot, number: number): string =>
  `${slot.doctorId} ${slot.date} ${number}`;

const emptyCount = (): ClassCount => ({
  accepted: 0,
  booked: 0,
  waiting: 0,
  bumped: 0,
  promoted: 0,
  cancelled: 0,
  noShow: 0,
});
