import type { Status } from '../../src/engine/index.ts';
import type { Random } from '../lib/random.ts';
import type { Priorities } from './clinic.ts';
import type { FrontDesk } from './desk.ts';
import type { BookingAsked } from './judge.ts';
import type { Known, Ledger, OpenedSlot, Patient } from './ledger.ts';
import type { SlotDesk } from './slot-desk.ts';
import type { VisitDesk } from './visit-desk.ts';
import type { Ward, WardToken } from './ward.ts';

export type Action = () => Promise<void>;

export interface Phase {
  readonly name: string;
  /** Plans the phase when it begins, on what is known by then. */
  readonly plan: () => Action[];
}

export interface PlanDeps {
  readonly front: FrontDesk;
  readonly visits: VisitDesk;
  readonly sittings: SlotDesk;
  readonly ledger: Ledger;
  readonly ward: Ward;
  readonly slots: readonly OpenedSlot[];
  readonly random: Random;
  readonly priorities: Priorities;
  readonly patients: number;
  /** Sets the patients of this run apart from those of others. */
  readonly run: string;
}

const SURNAMES = ['Das', 'Iyer', 'Khan', 'Lal', 'Mehta', 'Nair', 'Rao', 'Sen', 'Varma', 'Yadav'];
/** Bookings in a hundred that are sent twice at once. */
const DOUBLE_CLICKS = 0.05;

/** The people of the day, and choices among them: the seed decides all. */
export class Crowd {
  readonly #deps: PlanDeps;
  readonly #classes: readonly string[];
  #patients = 0;
  /** Tokens with a command of their own in this phase: who does what in one order can be told afterwards. */
  #busy = new Set<string>();

  constructor(deps: PlanDeps) {
    this.#deps = deps;
    // Priority descending; a class is the more frequent the weaker it is.
    this.#classes = [...deps.priorities]
      .sort(([, a], [, b]) => b - a)
      .flatMap(([type], index) => Array.from({ length: index + 1 }, () => type));
  }

  beginPhase(): void {
    this.#busy = new Set();
  }

  /** A share of the day's patients, one at least. */
  share(part: number): number {
    return Math.max(Math.round(this.#deps.patients * part), 1);
  }

  /** So many tokens of these statuses, that do nothing else in this phase. */
  some(count: number, ...statuses: readonly Status[]): Known[] {
    return this.among(this.#deps.ward.with(...statuses), count);
  }

  /** So many of these tokens, that do nothing else in this phase. */
  among(tokens: readonly WardToken[], count: number): Known[] {
    const { ledger, random } = this.#deps;
    const free = tokens
      .flatMap(({ id }) => ledger.tokens.get(id) ?? [])
      .filter(({ booking: { id } }) => !this.#busy.has(id))
      .sort((a, b) => a.patient.nth - b.patient.nth);
    const chosen = random.sample(free, count);
    for (const { booking } of chosen) this.#busy.add(booking.id);
    return chosen;
  }

  /** Bookings of a share of the day's patients, anywhere, of one class or of all. */
  bookings(part: number, type?: string): Action[] {
    return Array.from({ length: this.share(part) }, () => this.booking(type ?? this.type()));
  }

  booking(type: string, slot?: OpenedSlot): Action {
    const { front, random } = this.#deps;
    const asked = this.asked(type, slot);
    return random.chance(DOUBLE_CLICKS) ? () => front.bookTwice(asked) : () => front.book(asked);
  }

  asked(type: string, slot?: OpenedSlot): BookingAsked {
    const { slots, random } = this.#deps;
    return { patient: this.#patient(), slot: slot ?? random.pick(slots), type };
  }

  /** The same person with a new token. */
  again({ patient }: Known): Patient {
    return { ...patient, nth: (this.#patients += 1) };
  }

  type(): string {
    return this.#deps.random.pick(this.#classes);
  }

  /** Another class than this one. */
  otherType(than: string): string {
    return this.#deps.random.pick(this.#classes.filter((type) => type !== than));
  }

  #patient(): Patient {
    const nth = (this.#patients += 1);
    const patientId = nth % 2 === 0 ? `${this.#deps.run}-p${nth}` : null;
    return { nth, name: this.#deps.random.pick(SURNAMES), patientId };
  }
}
