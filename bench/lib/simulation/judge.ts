import type { BookingView, TokenView } from '../../../src/service/index.ts';
import type { Breaches } from '../breaches.ts';
import { codeOf, type HttpAnswer } from '../client.ts';
import type { Known, Ledger, OpenedSlot, Patient } from './ledger.ts';

/** The classes and their priorities, as the server's table has them. */
export type Priorities = ReadonlyMap<string, number>;

export interface BookingAsked {
  readonly patient: Patient;
  readonly slot: OpenedSlot;
  readonly type: string;
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ALTERNATIVES_MAX = 3;

/**
 * What one answer alone can break. What it takes the order of all commands to know (was the slot full, was this the
 * right victim) is judged by the audit, when that order is known.
 */
export class Judge {
  readonly breaches: Breaches;
  readonly #ledger: Ledger;
  readonly #priorities: Priorities;

  constructor(breaches: Breaches, ledger: Ledger, priorities: Priorities) {
    this.breaches = breaches;
    this.#ledger = ledger;
    this.#priorities = priorities;
  }

  booking(asked: BookingAsked, booking: BookingView, { headers }: HttpAnswer): void {
    const { patient, slot, type } = asked;
    const at = `POST /book of patient ${patient.nth} in ${slot.id}`;
    const { breaches } = this;
    breaches.same(`${at}: slot_id`, booking.slot_id, slot.id);
    breaches.same(`${at}: doctor_id`, booking.doctor_id, slot.doctorId);
    breaches.same(`${at}: patient_name`, booking.patient_name, patient.name);
    breaches.same(`${at}: patient_id`, booking.patient_id ?? null, patient.patientId);
    breaches.same(`${at}: type`, booking.type, type);
    breaches.same(`${at}: start_time`, booking.start_time, slot.startTime);
    breaches.same(`${at}: Location`, headers.location, `/tokens/${booking.id}`);
    breaches.expect(UUID_V7.test(booking.id), `${at}: id ${booking.id} is no UUID v7`);
    breaches.expect(!this.#ledger.tokens.has(booking.id), `${at}: id ${booking.id} is used twice`);
    const isNew = booking.number >= 1 && !this.#ledger.hasNumber(slot, booking.number);
    breaches.expect(isNew, `R10: ${at}: number ${booking.number} is used twice`);
    if (booking.status === 'BOOKED') this.#seated(at, booking);
    else this.#waiting(at, booking, slot);
  }

  #seated(at: string, booking: BookingView): void {
    const { bumped } = booking;
    this.breaches.same(`${at}: waitlist_position`, booking.waitlist_position, null);
    this.breaches.expect(booking.estimated_time !== null, `${at}: estimated_time is missing`);
    this.breaches.expect(
      booking.alternatives === undefined,
      `${at}: offers alternatives to a seat`,
    );
    if (bumped === null) return;
    this.breaches.expect(
      this.#priorityOf(bumped.type) < this.#priorityOf(booking.type),
      `R3: ${at}: ${booking.type} bumped ${bumped.type}, which is not weaker`,
    );
    this.breaches.expect(bumped.id !== booking.id, `R3: ${at}: the newcomer bumped itself`);
    // The weakest seat outranks whoever waits: its owner is the next to get one.
    this.breaches.same(`R7: ${at}: bumped.waitlist_position`, bumped.waitlist_position, 1);
  }

  #waiting(at: string, booking: BookingView, slot: OpenedSlot): void {
    const { waitlist_position: position, alternatives = [] } = booking;
    this.breaches.same(`${at}: status`, booking.status, 'WAITING');
    this.breaches.expect(position !== null && position >= 1, `R4: ${at}: waits without a position`);
    this.breaches.same(`${at}: estimated_time`, booking.estimated_time, null);
    this.breaches.same(`R3: ${at}: bumped`, booking.bumped, null);
    this.breaches.expect(
      this.#ledger.sentTo(slot) > slot.capacity,
      `R2: ${at}: waits although only ${this.#ledger.sentTo(slot)} were sent to ${slot.capacity} seats`,
    );
    const areSeats = alternatives.every(({ id, seats_left }) => id !== slot.id && seats_left >= 1);
    this.breaches.expect(
      booking.alternatives !== undefined && areSeats && alternatives.length <= ALTERNATIVES_MAX,
      `R4: ${at}: the alternatives are not up to ${ALTERNATIVES_MAX} other slots with free seats`,
    );
  }

  /** Who the answer to a departure says got the seat. */
  promoted(at: string, { slot, booking }: Known, promoted: TokenView | null): void {
    if (promoted === null) return;
    this.breaches.same(`R5: ${at}: promoted.slot_id`, promoted.slot_id, slot.id);
    this.breaches.same(`R5: ${at}: promoted.status`, promoted.status, 'BOOKED');
    this.breaches.same(`R5: ${at}: promoted.waitlist_position`, promoted.waitlist_position, null);
    this.breaches.expect(promoted.id !== booking.id, `R5: ${at}: promoted who just left`);
  }

  refusal(at: string, answer: HttpAnswer, status: number, code: string): void {
    this.breaches.same(`${at}: answer`, `${answer.status} ${codeOf(answer)}`, `${status} ${code}`);
    if (answer.status < 400) return;
    const { 'content-type': type = '' } = answer.headers;
    this.breaches.expect(type.startsWith('application/problem+json'), `${at}: no problem+json`);
    this.#ledger.refuse(codeOf(answer));
  }

  #priorityOf(type: string): number {
    return this.#priorities.get(type) ?? NaN;
  }
}
