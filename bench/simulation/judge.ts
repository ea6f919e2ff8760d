import type { Status } from '../../src/engine/index.ts';
import type { BookingView, BumpedView, CalledView, TokenView } from '../../src/service/index.ts';
import type { Breaches } from '../lib/breaches.ts';
import { codeOf, type HttpAnswer } from '../lib/client.ts';
import type { Priorities } from './clinic.ts';
import type { Known, Ledger, OpenedSlot, Patient } from './ledger.ts';
import { EMERGENCY } from './ward.ts';

export interface BookingAsked {
  readonly patient: Patient;
  readonly slot: OpenedSlot;
  readonly type: string;
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ALTERNATIVES_MAX = 3;

/** What each status may go to, as the rules have it. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  BOOKED: ['WAITING', 'CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  CHECKED_IN: ['WAITING', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  IN_CONSULTATION: ['COMPLETED'],
  COMPLETED: [],
  WAITING: ['BOOKED', 'CANCELLED', 'EXPIRED'],
  CANCELLED: [],
  NO_SHOW: [],
  EXPIRED: [],
};
/** From where a patient can be moved or given another class. */
const AHEAD: readonly Status[] = ['BOOKED', 'CHECKED_IN', 'WAITING'];

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

  /** @param sentAt the ledger's time before it was sent */
  booking(
    asked: BookingAsked,
    booking: BookingView,
    { headers }: HttpAnswer,
    sentAt: number,
  ): void {
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
    this.place(at, booking);
    if (booking.bumped !== null) this.bumped(at, booking, booking.bumped, sentAt);
  }

  /** Where an answer says that a newcomer has landed. */
  place(at: string, token: Omit<BookingView, 'bumped'>): void {
    const { breaches } = this;
    const { status, waitlist_position: position, alternatives } = token;
    if (status === 'WAITING') {
      breaches.expect(position !== null && position >= 1, `R4: ${at}: waits without a position`);
      breaches.same(`${at}: estimated_time`, token.estimated_time, null);
      breaches.expect(
        alternatives !== undefined &&
          alternatives.length <= ALTERNATIVES_MAX &&
          alternatives.every(({ id, seats_left }) => id !== token.slot_id && seats_left >= 1),
        `R4: ${at}: the alternatives are not up to ${ALTERNATIVES_MAX} other slots with free seats`,
      );
      return;
    }
    const isSeat = status === 'BOOKED' || status === 'CHECKED_IN';
    breaches.expect(isSeat, `R2: ${at}: status is ${status}`);
    breaches.same(`${at}: waitlist_position`, position, null);
    breaches.expect(token.estimated_time !== null, `${at}: estimated_time is missing`);
    breaches.expect(alternatives === undefined, `${at}: offers alternatives to a seat`);
  }

  /** Whom an answer says the token has bumped. */
  bumped(at: string, { id, type }: TokenView, bumped: BumpedView, sentAt: number): void {
    const { breaches } = this;
    breaches.expect(bumped.id !== id, `R3: ${at}: bumped itself`);
    const isWeaker = this.#priorityOf(bumped.type) < this.#priorityOf(type);
    breaches.expect(isWeaker, `R3: ${at}: ${type} bumped ${bumped.type}, which is not weaker`);
    const isRight = type === EMERGENCY || !this.#ledger.wasPresent(bumped.id, sentAt);
    breaches.expect(isRight, `presence: ${at}: ${type} bumped ${bumped.id}, who has checked in`);
  }

  /** Who an answer says got the seat that the token has left. */
  promoted(at: string, left: { id: string; slotId?: string }, promoted: TokenView | null): void {
    if (promoted === null) return;
    const { breaches } = this;
    if (left.slotId !== undefined)
      breaches.same(`R5: ${at}: promoted.slot_id`, promoted.slot_id, left.slotId);
    const isSeat = promoted.status === 'BOOKED' || promoted.status === 'CHECKED_IN';
    breaches.expect(isSeat, `R5: ${at}: promoted.status is ${promoted.status}`);
    breaches.same(`R5: ${at}: promoted.waitlist_position`, promoted.waitlist_position, null);
    breaches.expect(promoted.id !== left.id, `R5: ${at}: promoted who just left`);
  }

  /** Two desks never get the same patient, and nobody gets one who is not ours. */
  called(at: string, token: CalledView): void {
    const { breaches } = this;
    breaches.same(`${at}: status`, token.status, 'IN_CONSULTATION');
    breaches.expect(this.#ledger.tokens.has(token.id), `${at}: ${token.id} is nobody's token`);
    breaches.expect(this.#ledger.call(token.id), `${at}: two desks were given ${token.id}`);
    const { completed } = token;
    if (completed !== null) breaches.same(`${at}: completed.status`, completed.status, 'COMPLETED');
  }

  /**
   * A refusal because of what others did to the token meanwhile; that they did is judged by the audit.
   * @param wanted the status asked for; null of a move or a change of class
   */
  overtaken(at: string, { booking: { id } }: Known, answer: HttpAnswer, wanted: Status | null) {
    const code = codeOf(answer);
    if (code === 'token_already_cancelled') {
      this.refusal(at, answer, 404, code);
      this.#ledger.excuses.push({ at, tokenId: id, status: 'CANCELLED' });
      return;
    }
    this.refusal(at, answer, 409, 'invalid_transition');
    if (code !== 'invalid_transition') return;
    const { from, allowed } = answer.body as { from: Status; allowed: readonly Status[] };
    const isBarred = wanted === null ? !AHEAD.includes(from) : !NEXT[from].includes(wanted);
    this.breaches.expect(isBarred, `R9: ${at}: is refused from ${from}`);
    this.breaches.same(`${at}: allowed`, allowed.join(), NEXT[from].join());
    this.#ledger.excuses.push({ at, tokenId: id, status: from });
  }

  refusal(at: string, answer: HttpAnswer, status: number, code: string): void {
    this.breaches.same(`${at}: answer`, `${answer.status} ${codeOf(answer)}`, `${status} ${code}`);
    if (answer.status < 400) return;
    const { 'content-type': type = '' } = answer.headers;
    this.breaches.expect(type.startsWith('application/problem+json'), `${at}: no problem+json`);
    this.#ledger.refuse(codeOf(answer));
  }

  /** Facts beside the code of a refusal. */
  facts(at: string, { body }: HttpAnswer, facts: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(facts))
      this.breaches.same(
        `${at}: ${name}`,
        (body as Readonly<Record<string, unknown>>)[name],
        value,
      );
  }

  #priorityOf(type: string): number {
    return this.#priorities.get(type) ?? NaN;
  }
}
