import type { Status } from '../../src/engine/index.ts';
import type { BookingView, TokenView } from '../../src/http/resources/index.ts';

/** A slot that the simulation added for itself. */
export interface OpenedSlot {
  readonly id: string;
  readonly doctorId: string;
  /** The slot's date in the doctor's time zone; numbers count up within it (R10). */
  readonly date: string;
  readonly capacity: number;
  readonly startTime: string;
}

export interface Patient {
  /** The patient's place in the order in which the simulation makes them, from 1 on. */
  readonly nth: number;
  readonly name: string;
  /** Set for every second patient only, because two patients with the same name are not the same person (R15). */
  readonly patientId: string | null;
}

/** An accepted booking, with the answer to it. */
export interface KnownBooking {
  readonly patient: Patient;
  readonly slot: OpenedSlot;
  readonly booking: BookingView;
}

/** A command on one token, named by the change record that it leaves; a move leaves two records. */
export type TokenCommand =
  | 'booked'
  | 'cancelled'
  | 'no_show'
  | 'checked_in'
  | 'started'
  | 'completed'
  | 'skipped'
  | 'undone'
  | 'moved'
  | 'reclassified';

/** The effect of a command on a token, as its answer reports it. */
export interface ReportedEffect {
  /** The token after the command; null for a cancel, whose answer does not show it. */
  readonly token: TokenView | null;
  readonly bumped: BookingView['bumped'];
  readonly promoted: string | null;
  /** Set if the command was a call for the next patient; also for the patient whom it completed or skipped. */
  readonly call?: Call;
}

/** A call for the next patient. */
export interface Call {
  /** Null if the call was for all slots of the day. */
  readonly slotId: string | null;
  /** The room to which the patient is called; null if none was named. */
  readonly room: string | null;
}

/** A refusal says that the token had this status; the audit checks that, because another command caused the status. */
export interface StatusClaim {
  readonly at: string;
  readonly tokenId: string;
  readonly status: Status;
}

/** The columns of the summary, each with what it counts. */
export const COLUMNS = {
  booked: 'bookings answered with a seat',
  waiting: 'bookings answered with a place on the waitlist',
  bumped: 'tokens that lost their seat to a higher class or to a smaller capacity',
  promoted: 'waiting tokens that got a freed or added seat',
  cancelled: 'tokens cancelled by the patient or because their slot was closed',
  'no-show': 'tokens whose patient did not come',
  'checked-in': 'check-ins of patients at the desk',
  called: 'patients who went into consultation by a call for the next patient',
  skipped: 'patients who were called or checked in and were not there',
  undone: 'changes that were taken back',
  moved: 'tokens moved to another slot by the patient or because their slot was closed',
} as const;
export type Column = keyof typeof COLUMNS;
export const COLUMN_NAMES = Object.keys(COLUMNS) as Column[];

/** The numbers of one class, as the answers report them. */
export type ClassCount = Record<Column, number>;

/** Everything that the answers have reported so far. */
export class Ledger {
  readonly tokens = new Map<string, KnownBooking>();
  readonly counts = new Map<string, ClassCount>();
  readonly refusals = new Map<string, number>();
  /** Statuses that refusals of this phase named. */
  statusClaims: StatusClaim[] = [];
  /** Slots, or doctors, for which a call of this phase was answered with nobody_waiting. */
  nobodyWaiting: string[] = [];
  readonly #effects = new Map<string, ReportedEffect[]>();
  readonly #called = new Set<string>();
  /** The ledger's time of the answer to each patient's check-in. */
  readonly #checkInTimes = new Map<string, number>();
  #now = 0;

  addBooking(known: KnownBooking): void {
    const { booking } = known;
    this.tokens.set(booking.id, known);
    const effect = { token: booking, bumped: booking.bumped, promoted: null };
    this.addEffect('booked', booking.id, effect);
    this.count(booking.type, booking.status === 'WAITING' ? 'waiting' : 'booked');
  }

  /** Adds the effect that an answer reports; effects of the same command on one token are added in their order. */
  addEffect(command: TokenCommand, id: string, effect: ReportedEffect): void {
    const key = `${command} ${id}`;
    this.#effects.set(key, [...(this.#effects.get(key) ?? []), effect]);
    this.#now += 1;
    if (command === 'checked_in') this.#checkInTimes.set(id, this.#now);
    if (effect.bumped !== null) this.count(effect.bumped.type, 'bumped');
    if (effect.promoted !== null) this.count(this.typeOf(effect.promoted), 'promoted');
  }

  /** Removes and returns the first effect of this command on the token. */
  takeEffect(command: TokenCommand, id: string): ReportedEffect | undefined {
    return this.#effects.get(`${command} ${id}`)?.shift();
  }

  /** Returns the first effect of this command on the token without removing it. */
  peekEffect(command: TokenCommand, id: string): ReportedEffect | undefined {
    return this.#effects.get(`${command} ${id}`)?.[0];
  }

  /** The commands that were answered with a success and have no change record. */
  get unrecorded(): string[] {
    return [...this.#effects].filter(([, left]) => left.length > 0).map(([key]) => key);
  }

  /** Notes that the patient was called; returns false if the patient was called before. */
  call(id: string): boolean {
    const isFirst = !this.#called.has(id);
    this.#called.add(id);
    return isFirst;
  }

  /** Notes that the patient was skipped or the call taken back, so that the patient can be called again. */
  uncall(id: string): void {
    this.#called.delete(id);
  }

  /** A number that grows with every answer: an answer before a request was sent is true for that request. */
  get now(): number {
    return this.#now;
  }

  /** Whether the patient was checked in at that time and nothing was sent since that may have ended that. */
  wasCheckedIn(id: string, then: number): boolean {
    return (this.#checkInTimes.get(id) ?? Infinity) <= then;
  }

  /** Forgets the check-in before a request is sent that may end it: a move to another day, a skip or an undo. */
  forgetCheckIn(id: string): void {
    this.#checkInTimes.delete(id);
  }

  addRefusal(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  beginPhase(): void {
    this.statusClaims = [];
    this.nobodyWaiting = [];
  }

  count(type: string, column: Column): void {
    const count = this.counts.get(type) ?? emptyCount();
    this.counts.set(type, count);
    count[column] += 1;
  }

  /** The class with which a token was booked. */
  typeOf(id: string): string {
    return this.tokens.get(id)?.booking.type ?? 'unknown token';
  }

  /** The sums over all classes. */
  get total(): ClassCount {
    const total = emptyCount();
    for (const count of this.counts.values())
      for (const name of COLUMN_NAMES) total[name] += count[name];
    return total;
  }
}

const emptyCount = (): ClassCount =>
  Object.fromEntries(COLUMN_NAMES.map((name) => [name, 0])) as ClassCount;
