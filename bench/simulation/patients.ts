import type { Status } from '../../src/engine/index.ts';
import type { Random } from '../lib/random.ts';
import type { BookingRequest } from './answer-checks.ts';
import type { Priorities } from './clinic.ts';
import type { FrontDesk } from './desk.ts';
import type { DoctorDesk } from './doctor-desk.ts';
import type { KnownBooking, Ledger, OpenedSlot, Patient } from './ledger.ts';
import type { ReferenceModel, ReferenceToken } from './reference-model.ts';
import type { SlotDesk } from './slot-desk.ts';
import type { VisitDesk } from './visit-desk.ts';

/** Sends requests and checks their answers. */
export type Action = () => Promise<void>;

/** A part of the day. */
export interface Phase {
  readonly name: string;
  /** Called when the phase begins, because its actions depend on the state at that time. */
  readonly plan: () => Action[];
}

/** The parts that plan the phases. */
export interface PlanDeps {
  readonly frontDesk: FrontDesk;
  readonly visitDesk: VisitDesk;
  readonly slotDesk: SlotDesk;
  readonly doctorDesk: DoctorDesk;
  readonly ledger: Ledger;
  readonly model: ReferenceModel;
  readonly slots: readonly OpenedSlot[];
  readonly random: Random;
  readonly priorities: Priorities;
  /** The approximate number of patients of the day. */
  readonly patients: number;
  /** Part of every patient id, because several runs can use the same server. */
  readonly run: string;
}

export const SURNAMES = [
  'Das',
  'Iyer',
  'Khan',
  'Lal',
  'Mehta',
  'Nair',
  'Rao',
  'Sen',
  'Varma',
  'Yadav',
];
/** The statuses of patients who may cancel or move. */
const NOT_CALLED = ['BOOKED', 'CHECKED_IN', 'WAITING'] as const satisfies readonly Status[];
/** Share of the bookings that are sent twice at the same time. */
const DOUBLE_CLICKS = 0.05;

/** Every class as often as patients of it come: the lower its priority, the more often. */
export const classesOf = (priorities: Priorities): readonly string[] =>
  [...priorities]
    .sort(([, a], [, b]) => b - a)
    .flatMap(([type], index) => Array.from({ length: index + 1 }, () => type));

/** Makes the patients of the day and chooses among them. The seed decides all choices. */
export class PatientPool {
  readonly #deps: PlanDeps;
  readonly #classes: readonly string[];
  #patients = 0;
  /** Tokens that already have a command in this phase; each gets at most one, so that its answer can be checked later. */
  #busy = new Set<string>();

  constructor(deps: PlanDeps) {
    this.#deps = deps;
    this.#classes = classesOf(deps.priorities);
  }

  beginPhase(): void {
    this.#busy = new Set();
  }

  /** Returns a share of the day's patients, at least 1. */
  share(part: number): number {
    return Math.max(Math.round(this.#deps.patients * part), 1);
  }

  /** Chooses up to `count` tokens with one of these statuses and without a command in this phase. */
  withStatus(count: number, ...statuses: readonly Status[]): KnownBooking[] {
    return this.among(this.#deps.model.tokensWith(...statuses), count);
  }

  /** Chooses up to `count` of these tokens without a command in this phase. */
  among(tokens: readonly ReferenceToken[], count: number): KnownBooking[] {
    const { ledger, random } = this.#deps;
    const free = tokens
      .flatMap(({ id }) => ledger.tokens.get(id) ?? [])
      .filter(({ booking: { id } }) => !this.#busy.has(id))
      .sort((a, b) => a.patient.nth - b.patient.nth);
    const chosen = random.sample(free, count);
    for (const { booking } of chosen) this.#busy.add(booking.id);
    return chosen;
  }

  /** Plans bookings of a share of the day's patients into random slots, of one class or of random ones. */
  bookings(part: number, type?: string): Action[] {
    return Array.from({ length: this.share(part) }, () => this.booking(type ?? this.anyClass()));
  }

  /** Plans a booking, by default into a random slot. */
  booking(type: string, slot?: OpenedSlot): Action {
    const { frontDesk, random } = this.#deps;
    const request = this.bookingRequest(type, slot);
    return random.chance(DOUBLE_CLICKS)
      ? () => frontDesk.bookTwice(request)
      : () => frontDesk.book(request);
  }

  /** Makes a booking of a new patient, by default into a random slot. */
  bookingRequest(type: string, slot?: OpenedSlot): BookingRequest {
    const { slots, random } = this.#deps;
    return { patient: this.#patient(), slot: slot ?? random.pick(slots), type };
  }

  /** Plans cancels by patients who have not been called, as many as this share of the day's patients. */
  cancels(part: number): Action[] {
    return this.withStatus(this.share(part), ...NOT_CALLED).map(
      (known) => () => this.#deps.frontDesk.cancel(known),
    );
  }

  /** Plans moves of such patients to random slots of their doctor and of others. */
  moves(part: number): Action[] {
    const { model, random, visitDesk } = this.#deps;
    return this.withStatus(this.share(part), ...NOT_CALLED).map((known) => {
      const token = model.tokens.get(known.booking.id);
      const target = random.pick([...model.slots.values()].filter((slot) => slot !== token?.slot));
      // Triage may have given the patient another class.
      const type = token?.type ?? known.booking.type;
      return () => visitDesk.move(known, target, type);
    });
  }

  /** Returns the same patient for a further booking. */
  samePatient({ patient }: KnownBooking): Patient {
    return { ...patient, nth: (this.#patients += 1) };
  }

  /** Returns a random class. */
  anyClass(): string {
    return this.#deps.random.pick(this.#classes);
  }

  /** Returns a random class that is not this one. */
  otherClass(than: string): string {
    return this.#deps.random.pick(this.#classes.filter((type) => type !== than));
  }

  #patient(): Patient {
    const nth = (this.#patients += 1);
    const patientId = nth % 2 === 0 ? `${this.#deps.run}-p${nth}` : null;
    return { nth, name: this.#deps.random.pick(SURNAMES), patientId };
  }
}
