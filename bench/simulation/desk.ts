import type { BookingView, CancelView, NoShowView } from '../../src/service/index.ts';
import { codeOf, type Client, type HttpAnswer } from '../lib/client.ts';
import type { BookingAsked, Judge } from './judge.ts';
import type { Known, Ledger } from './ledger.ts';

export interface DeskDeps {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly judge: Judge;
  /** Begins every idempotency key: sets this run apart from others against the same server. */
  readonly run: string;
}

const IN_PROGRESS = 'idempotency_in_progress';

/** Sends what patients ask for on the telephone, judges each answer and enters it in the ledger. */
export class FrontDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  async book(asked: BookingAsked): Promise<void> {
    const sentAt = this.#deps.ledger.now;
    this.#booked(asked, [await this.#postBooking(asked, {})], sentAt);
  }

  /** One booking sent twice at the same moment with the same key, and once more afterwards: still one token. */
  async bookTwice(asked: BookingAsked): Promise<void> {
    const headers = { 'idempotency-key': `${this.#deps.run}-book-${asked.patient.nth}` };
    const send = (): Promise<HttpAnswer> => this.#postBooking(asked, headers);
    const sentAt = this.#deps.ledger.now;
    const answers = await Promise.all([send(), send()]);
    this.#booked(asked, [...answers, await send()], sentAt);
  }

  /** The same patient in the same slot again. */
  bookAgain({ patient, booking }: Known, slotId: string, doctorId: string): Promise<void> {
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

  async cancel(known: Known): Promise<void> {
    this.#cancelled(known, await this.#postCancel(known, {}));
  }

  /** Two people cancel the same token at the same moment: one does, the other is told. */
  async cancelTwice(known: Known): Promise<void> {
    const answers = await Promise.all([this.#postCancel(known, {}), this.#postCancel(known, {})]);
    const [first, second] = answers.toSorted((a, b) => a.status - b.status);
    if (first === undefined || second === undefined) return;
    this.#cancelled(known, first);
    const at = `POST /cancel of ${known.booking.id} again`;
    this.#deps.judge.refusal(at, second, 404, 'token_already_cancelled');
  }

  /** A cancel whose answer got lost is sent again with its key: the first answer comes again. */
  async cancelAndRetry(known: Known): Promise<void> {
    const headers = { 'idempotency-key': `${this.#deps.run}-cancel-${known.booking.id}` };
    const first = await this.#postCancel(known, headers);
    this.#cancelled(known, first);
    const { breaches } = this.#deps.judge;
    const again = await this.#postCancel(known, headers);
    const at = `POST /cancel of ${known.booking.id} repeated with its key`;
    breaches.same(`R9: ${at}: replayed`, again.headers['idempotency-replayed'], 'true');
    breaches.same(`R9: ${at}: body`, JSON.stringify(again.body), JSON.stringify(first.body));
  }

  /** Marks a no-show; a patient who was bumped meanwhile holds no seat to miss. */
  async noShow(known: Known, isForced: boolean): Promise<void> {
    const { client, judge, ledger } = this.#deps;
    const { id } = known.booking;
    const at = `POST /no-show of ${id}`;
    const body = { token_id: id, ...(isForced ? { force: true } : {}) };
    const answer = await client.post('/no-show', body);
    if (answer.status !== 200) {
      judge.overtaken(at, known, answer, 'NO_SHOW');
      return;
    }
    const { promoted, ...token } = answer.body as NoShowView;
    judge.breaches.same(`${at}: id`, token.id, id);
    judge.breaches.same(`${at}: status`, token.status, 'NO_SHOW');
    judge.promoted(at, { id, slotId: token.slot_id }, promoted);
    ledger.tell('no_show', id, { token, bumped: null, promoted: promoted?.id ?? null });
    ledger.count(known.booking.type, 'no-show');
  }

  /** Sends what has to be refused, with this code and these facts beside it. */
  async refused(
    at: string,
    path: string,
    body: object,
    status: number,
    code: string,
    facts: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const { client, judge } = this.#deps;
    const send = path.startsWith('/slots/') && !path.endsWith('/close') ? 'patch' : 'post';
    const answer = await client[send](path, body);
    judge.refusal(at, answer, status, code);
    judge.facts(at, answer, facts);
  }

  #postBooking(
    { patient, slot, type }: BookingAsked,
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

  #booked(asked: BookingAsked, answers: readonly HttpAnswer[], sentAt: number): void {
    const { judge, ledger } = this.#deps;
    const { patient, slot } = asked;
    const at = `POST /book of patient ${patient.nth} in ${slot.id}`;
    const accepted = answers.filter(({ status }) => status === 201);
    const isClosing = ledger.closing.has(slot.id);
    for (const answer of answers) {
      if (answer.status === 201) continue;
      const code = codeOf(answer);
      const isTwin = code === IN_PROGRESS && answers.length > 1;
      const isTurnedAway = isClosing && code === 'slot_closed';
      judge.refusal(at, answer, 409, isTwin || isTurnedAway ? code : 'waitlist_full');
    }
    const [first] = accepted;
    if (first === undefined) return;
    const booking = first.body as BookingView;
    judge.booking(asked, booking, first, sentAt);
    ledger.book({ patient, slot, booking });
    for (const again of accepted) {
      const { id } = again.body as BookingView;
      judge.breaches.same(`R9: ${at} repeated with its key: id`, id, booking.id);
    }
    const isReplayed = accepted.filter(({ headers }) => headers['idempotency-replayed'] === 'true');
    judge.breaches.same(`R9: ${at}: fresh answers`, accepted.length - isReplayed.length, 1);
  }

  #postCancel(known: Known, headers: Readonly<Record<string, string>>): Promise<HttpAnswer> {
    return this.#deps.client.post('/cancel', { token_id: known.booking.id }, headers);
  }

  #cancelled(known: Known, answer: HttpAnswer): void {
    const { judge, ledger } = this.#deps;
    const { id, type } = known.booking;
    const at = `POST /cancel of ${id}`;
    if (answer.status !== 200) {
      judge.overtaken(at, known, answer, 'CANCELLED');
      return;
    }
    const { promoted, ...cancelled } = answer.body as CancelView;
    judge.breaches.same(`${at}: id`, cancelled.id, id);
    judge.breaches.same<string>(`${at}: status`, cancelled.status, 'CANCELLED');
    judge.promoted(at, { id }, promoted);
    ledger.tell('cancelled', id, { token: null, bumped: null, promoted: promoted?.id ?? null });
    ledger.count(type, 'cancelled');
  }
}
