import type { Status } from '../../src/engine/index.ts';
import type {
  BookingView,
  BumpedView,
  CalledView,
  TokenView,
} from '../../src/http/resources/index.ts';
import { codeOf, type HttpAnswer } from '../lib/client.ts';
import type { Violations } from '../lib/violations.ts';
import type { AuditDeps } from './change-records.ts';
import type { Priorities } from './clinic.ts';
import { isClosedState, refusesNewcomer, type HospitalRecord } from './hospital-record.ts';
import type { KnownBooking, Ledger, OpenedSlot, Patient } from './ledger.ts';
import { EMERGENCY } from './reference-model.ts';

export interface BookingRequest {
  readonly patient: Patient;
  readonly slot: OpenedSlot;
  readonly type: string;
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ALTERNATIVES_MAX = 3;

/** The statuses to which a command leads from each status, by the rules. */
const NEXT: Readonly<Record<Status, readonly Status[]>> = {
  BOOKED: ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  CHECKED_IN: ['IN_CONSULTATION', 'SKIPPED', 'CANCELLED', 'NO_SHOW'],
  SKIPPED: ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  IN_CONSULTATION: ['COMPLETED', 'SKIPPED', 'NO_SHOW'],
  COMPLETED: [],
  WAITING: ['CANCELLED'],
  CANCELLED: [],
  NO_SHOW: [],
  EXPIRED: [],
};
/** The statuses in which a patient can be moved or given another class. */
const AWAITING_CONSULTATION: readonly Status[] = ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'];

/**
 * Checks the rules that one answer alone can break. The audit checks the other rules later, because they depend on the
 * order of all commands: whether the slot was full, for example, or whether the right token was bumped.
 */
export class AnswerChecks {
  readonly violations: Violations;
  readonly #ledger: Ledger;
  readonly #hospital: HospitalRecord;
  readonly #priorities: Priorities;

  constructor({ violations, ledger, hospital, priorities }: Omit<AuditDeps, 'model'>) {
    this.violations = violations;
    this.#ledger = ledger;
    this.#hospital = hospital;
    this.#priorities = priorities;
  }

  /**
   * Checks the answer to an accepted booking.
   * @param sentAt the ledger's time before the booking was sent
   */
  booking(
    request: BookingRequest,
    booking: BookingView,
    { headers }: HttpAnswer,
    sentAt: number,
  ): void {
    const { patient, slot, type } = request;
    const at = `POST /book of patient ${patient.nth} in ${slot.id}`;
    const { violations } = this;
    violations.same(`${at}: slot_id`, booking.slot_id, slot.id);
    violations.same(`${at}: doctor_id`, booking.doctor_id, slot.doctorId);
    violations.same(`${at}: patient_name`, booking.patient_name, patient.name);
    violations.same(`${at}: patient_id`, booking.patient_id ?? null, patient.patientId);
    violations.same(`${at}: type`, booking.type, type);
    violations.same(`${at}: start_time`, booking.start_time, slot.startTime);
    violations.same(`${at}: Location`, headers.location, `/tokens/${booking.id}`);
    violations.expect(UUID_V7.test(booking.id), `${at}: id ${booking.id} is no UUID v7`);
    violations.expect(
      !this.#ledger.tokens.has(booking.id),
      `${at}: id ${booking.id} is used twice`,
    );
    this.place(at, booking);
    if (booking.bumped !== null) this.bumped(at, booking, booking.bumped, sentAt);
  }

  /** Checks the place of a new token: a seat, or the waitlist with alternatives. */
  place(at: string, token: Omit<BookingView, 'bumped'>): void {
    const { violations } = this;
    const { status, waitlist_position: position, alternatives } = token;
    if (status === 'WAITING') {
      violations.expect(position !== null && position >= 1, `R4: ${at}: waits without a position`);
      violations.same(`${at}: estimated_time`, token.estimated_time, null);
      violations.expect(
        alternatives !== undefined &&
          alternatives.length <= ALTERNATIVES_MAX &&
          alternatives.every(({ id, seats_left }) => id !== token.slot_id && seats_left >= 1),
        `R4: ${at}: the alternatives are not up to ${ALTERNATIVES_MAX} other slots with free seats`,
      );
      for (const { id } of alternatives ?? []) this.#alternative(at, id, token.type);
      return;
    }
    const isSeat = status === 'BOOKED' || status === 'CHECKED_IN';
    violations.expect(isSeat, `R2: ${at}: status is ${status}`);
    violations.same(`${at}: waitlist_position`, position, null);
    violations.expect(token.estimated_time !== null, `${at}: estimated_time is missing`);
    violations.expect(alternatives === undefined, `${at}: offers alternatives to a seat`);
  }

  /** A slot of the simulation is offered only if it is open and takes the class of the patient (R23, R25). */
  #alternative(at: string, slotId: string, type: string): void {
    const isOffered = this.#hospital.mayBe(
      slotId,
      (state) => !isClosedState(state) && !refusesNewcomer(state, type),
    );
    this.violations.expect(isOffered, `R23: ${at}: offers ${slotId}, which takes no ${type}`);
  }

  /** Checks the token that the answer names as bumped. */
  bumped(at: string, { id, type }: TokenView, bumped: BumpedView, sentAt: number): void {
    const { violations } = this;
    violations.expect(bumped.id !== id, `R3: ${at}: bumped itself`);
    const isWeaker = this.#priorityOf(bumped.type) < this.#priorityOf(type);
    violations.expect(isWeaker, `R3: ${at}: ${type} bumped ${bumped.type}, which is not weaker`);
    const isRight = type === EMERGENCY || !this.#ledger.wasCheckedIn(bumped.id, sentAt);
    violations.expect(isRight, `presence: ${at}: ${type} bumped ${bumped.id}, who has checked in`);
  }

  /** Checks the token that the answer names as promoted to the freed seat. */
  promoted(at: string, left: { id: string; slotId?: string }, promoted: TokenView | null): void {
    if (promoted === null) return;
    const { violations } = this;
    if (left.slotId !== undefined)
      violations.same(`R5: ${at}: promoted.slot_id`, promoted.slot_id, left.slotId);
    const isSeat = promoted.status === 'BOOKED' || promoted.status === 'CHECKED_IN';
    violations.expect(isSeat, `R5: ${at}: promoted.status is ${promoted.status}`);
    violations.same(`R5: ${at}: promoted.waitlist_position`, promoted.waitlist_position, null);
    violations.expect(promoted.id !== left.id, `R5: ${at}: promoted the token that just left`);
  }

  /** Checks the answer to a call: two desks never get the same patient, and every patient is one of the simulation. */
  called(at: string, token: CalledView): void {
    const { violations } = this;
    violations.same(`${at}: status`, token.status, 'IN_CONSULTATION');
    violations.expect(
      this.#ledger.tokens.has(token.id),
      `${at}: ${token.id} is no token of the simulation`,
    );
    violations.expect(this.#ledger.call(token.id), `${at}: two desks were given ${token.id}`);
    const { completed, skipped } = token;
    if (completed !== null)
      violations.same(`${at}: completed.status`, completed.status, 'COMPLETED');
    if (skipped) this.skipped(at, skipped);
  }

  /** Checks a skipped token: it keeps its seat, or a waiting patient of a higher class got it (R8, R21). */
  skipped(at: string, { status }: TokenView): void {
    const isRight = status === 'SKIPPED' || status === 'WAITING';
    this.violations.expect(isRight, `R21: ${at}: status of the skipped is ${status}`);
  }

  /** Checks that a command of the hospital was answered with a success. */
  done(at: string, answer: HttpAnswer): boolean {
    const isDone = answer.status === 200;
    if (!isDone) this.violations.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
    return isDone;
  }

  /**
   * Checks a refusal that another command on the same token has caused. The audit checks later that there was one.
   * @param wanted the status that was requested; null for a move or a change of class
   */
  refusalAfterChange(
    at: string,
    { booking: { id } }: KnownBooking,
    answer: HttpAnswer,
    wanted: Status | null,
  ) {
    const code = codeOf(answer);
    if (code === 'token_already_cancelled') {
      this.refusal(at, answer, 404, code);
      this.#ledger.statusClaims.push({ at, tokenId: id, status: 'CANCELLED' });
      return;
    }
    this.refusal(at, answer, 409, 'invalid_transition');
    if (code !== 'invalid_transition') return;
    const { from, allowed } = answer.body as { from: Status; allowed: readonly Status[] };
    const isBarred =
      wanted === null ? !AWAITING_CONSULTATION.includes(from) : !NEXT[from].includes(wanted);
    this.violations.expect(isBarred, `R9: ${at}: is refused from ${from}`);
    this.violations.same(`${at}: allowed`, allowed.join(), NEXT[from].join());
    this.#ledger.statusClaims.push({ at, tokenId: id, status: from });
  }

  /** Checks the status, the code and the content type of a refusal. */
  refusal(at: string, answer: HttpAnswer, status: number, code: string): void {
    this.violations.same(
      `${at}: answer`,
      `${answer.status} ${codeOf(answer)}`,
      `${status} ${code}`,
    );
    if (answer.status < 400) return;
    const { 'content-type': type = '' } = answer.headers;
    this.violations.expect(type.startsWith('application/problem+json'), `${at}: no problem+json`);
    this.#ledger.addRefusal(codeOf(answer));
  }

  /** Checks the members of a refusal beside its code. */
  facts(at: string, { body }: HttpAnswer, facts: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(facts))
      this.violations.same(
        `${at}: ${name}`,
        (body as Readonly<Record<string, unknown>>)[name],
        value,
      );
  }

  #priorityOf(type: string): number {
    return this.#priorities.get(type) ?? NaN;
  }
}
