import type { BookingView, CancelView, NoShowView } from '../../src/http/resources/index.ts';
import { codeOf, type Client, type HttpAnswer } from '../lib/client.ts';
import type { BookingRequest, AnswerChecks } from './answer-checks.ts';
import type { HospitalRecord } from './hospital-record.ts';
import type { KnownBooking, Ledger } from './ledger.ts';

/** The parts that every desk needs. */
export interface DeskDeps {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly checks: AnswerChecks;
  readonly hospital: HospitalRecord;
  /** The start of every idempotency key, because several runs can use the same server. */
  readonly run: string;
}

const IN_PROGRESS = 'idempotency_in_progress';

/** Sends the commands that patients give by telephone, checks each answer and adds it to the ledger. */
export class FrontDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  async book(request: BookingRequest): Promise<void> {
    const sentAt = this.#deps.ledger.now;
    this.#booked(request, [await this.#postBooking(request, {})], sentAt);
  }

  /** Sends a booking twice at the same time and once more later, all with the same key; it must get one token (R9). */
  async bookTwice(request: BookingRequest): Promise<void> {
    const headers = { 'idempotency-key': `${this.#deps.run}-book-${request.patient.nth}` };
    const send = (): Promise<HttpAnswer> => this.#postBooking(request, headers);
    const sentAt = this.#deps.ledger.now;
    const answers = await Promise.all([send(), send()]);
    this.#booked(request, [...answers, await send()], sentAt);
  }

  /** Books the same patient into the same slot again, which is refused (R15). */
  bookAgain({ patient, booking }: KnownBooking, slotId: string, doctorId: string): Promise<void> {
    const at = `POST /book of patient ${patient.nth} again in ${slotId}`;
    const body = {
      doctor_id: doctorId,
      slot_id: slotId,
      patient_name: patient.name,
      patient_type: booking.type,
      patient_id: patient.patientId,
    };
    return this.refused(at, '/book', body, 409, 'duplicate_booking', { token_id: booking.id });
  }

  async cancel(known: KnownBooking): Promise<void> {
    this.#cancelled(known, await this.#postCancel(known, {}));
  }

  /** Two people cancel the same token at the same time; one cancel succeeds, the other is refused. */
  async cancelTwice(known: KnownBooking): Promise<void> {
    const answers = await Promise.all([this.#postCancel(known, {}), this.#postCancel(known, {})]);
    const [first, second] = answers.toSorted((a, b) => a.status - b.status);
    if (first === undefined || second === undefined) return;
    this.#cancelled(known, first);
    const at = `POST /cancel of ${known.booking.id} again`;
    this.#deps.checks.refusal(at, second, 404, 'token_already_cancelled');
  }

  /** Sends a cancel again with its key, as after a lost answer; the answer must be the first one (R9). */
  async cancelAndRetry(known: KnownBooking): Promise<void> {
    const headers = { 'idempotency-key': `${this.#deps.run}-cancel-${known.booking.id}` };
    const first = await this.#postCancel(known, headers);
    this.#cancelled(known, first);
    const { violations } = this.#deps.checks;
    const again = await this.#postCancel(known, headers);
    const at = `POST /cancel of ${known.booking.id} repeated with its key`;
    violations.same(`R9: ${at}: replayed`, again.headers['idempotency-replayed'], 'true');
    violations.same(`R9: ${at}: body`, JSON.stringify(again.body), JSON.stringify(first.body));
  }

  /** Marks a no-show, which is refused if the token was bumped meanwhile and has no seat. */
  async noShow(known: KnownBooking, isForced: boolean): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const { id } = known.booking;
    const at = `POST /no-show of ${id}`;
    const body = { token_id: id, ...(isForced ? { force: true } : {}) };
    const answer = await client.post('/no-show', body);
    if (answer.status !== 200) {
      checks.refusalAfterChange(at, known, answer, 'NO_SHOW');
      return;
    }
    const { promoted, ...token } = answer.body as NoShowView;
    checks.violations.same(`${at}: id`, token.id, id);
    checks.violations.same(`${at}: status`, token.status, 'NO_SHOW');
    checks.promoted(at, { id, slotId: token.slot_id }, promoted);
    ledger.addEffect('no_show', id, { token, bumped: null, promoted: promoted?.id ?? null });
    ledger.count(known.booking.type, 'no-show');
  }

  /** Sends a request that must be refused with this status, code and further members. */
  async refused(
    at: string,
    path: string,
    body: object,
    status: number,
    code: string,
    facts: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const { client, checks } = this.#deps;
    const send = /^\/slots\/[^/]+$/.test(path) ? 'patch' : 'post';
    const answer = await client[send](path, body);
    checks.refusal(at, answer, status, code);
    checks.facts(at, answer, facts);
  }

  #postBooking(
    { patient, slot, type }: BookingRequest,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    const body = {
      doctor_id: slot.doctorId,
      slot_id: slot.id,
      patient_name: patient.name,
      patient_type: type,
      ...(patient.patientId === null ? {} : { patient_id: patient.patientId }),
    };
    return this.#deps.client.post('/book', body, headers);
  }

  #booked(request: BookingRequest, answers: readonly HttpAnswer[], sentAt: number): void {
    const { checks, ledger, hospital } = this.#deps;
    const { patient, slot, type } = request;
    const at = `POST /book of patient ${patient.nth} in ${slot.id}`;
    const accepted = answers.filter(({ status }) => status === 201);
    for (const answer of answers) {
      if (answer.status === 201) continue;
      const code = codeOf(answer);
      const isExpected =
        (code === IN_PROGRESS && answers.length > 1) || hospital.mayRefuse(code, slot.id, type);
      checks.refusal(at, answer, 409, isExpected ? code : 'waitlist_full');
    }
    const [first] = accepted;
    if (first === undefined) return;
    const booking = first.body as BookingView;
    checks.booking(request, booking, first, sentAt);
    ledger.addBooking({ patient, slot, booking });
    for (const again of accepted) {
      const { id } = again.body as BookingView;
      checks.violations.same(`R9: ${at} repeated with its key: id`, id, booking.id);
    }
    const isReplayed = accepted.filter(({ headers }) => headers['idempotency-replayed'] === 'true');
    checks.violations.same(`R9: ${at}: fresh answers`, accepted.length - isReplayed.length, 1);
  }

  #postCancel(known: KnownBooking, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    return this.#deps.client.post('/cancel', { token_id: known.booking.id }, headers);
  }

  #cancelled(known: KnownBooking, answer: HttpAnswer): void {
    const { checks, ledger } = this.#deps;
    const { id, type } = known.booking;
    const at = `POST /cancel of ${id}`;
    if (answer.status !== 200) {
      checks.refusalAfterChange(at, known, answer, 'CANCELLED');
      return;
    }
    const { promoted, ...cancelled } = answer.body as CancelView;
    checks.violations.same(`${at}: id`, cancelled.id, id);
    checks.violations.same<string>(`${at}: status`, cancelled.status, 'CANCELLED');
    checks.promoted(at, { id }, promoted);
    ledger.addEffect('cancelled', id, {
      token: null,
      bumped: null,
      promoted: promoted?.id ?? null,
    });
    ledger.count(type, 'cancelled');
  }
}
