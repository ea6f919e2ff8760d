import type { BookingView, CancelView, NoShowView } from '../../../src/service/index.ts';
import { codeOf, type Client, type HttpAnswer } from '../client.ts';
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

/** Sends what patients and nurses ask for, judges each answer and enters it in the ledger. */
export class FrontDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  async book(asked: BookingAsked): Promise<void> {
    this.#booked(asked, [await this.#postBooking(asked, {})]);
  }

  /** One booking sent twice at the same moment with the same key, and once more afterwards: still one token. */
  async bookTwice(asked: BookingAsked): Promise<void> {
    const headers = { 'idempotency-key': `${this.#deps.run}-book-${asked.patient.nth}` };
    const send = (): Promise<HttpAnswer> => this.#postBooking(asked, headers);
    const answers = await Promise.all([send(), send()]);
    this.#booked(asked, [...answers, await send()]);
  }

  /** The same patient in the same slot again. */
  bookAgain({ patient, slot, booking }: Known): Promise<void> {
    const at = `POST /book of patient ${patient.nth} again in ${slot.id}`;
    const body = {
      doctor_id: slot.doctorId,
      slot_id: slot.id,
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
  async noShow(known: Known): Promise<void> {
    const { client, judge, ledger } = this.#deps;
    const at = `POST /no-show of ${known.booking.id}`;
    const answer = await client.post('/no-show', { token_id: known.booking.id });
    if (answer.status !== 200) {
      judge.refusal(at, answer, 409, 'invalid_transition');
      this.#facts(at, answer, { from: 'WAITING' });
      return;
    }
    const { promoted, ...token } = answer.body as NoShowView;
    judge.breaches.same(`${at}: id`, token.id, known.booking.id);
    judge.breaches.same(`${at}: number`, token.number, known.booking.number);
    judge.breaches.same(`${at}: status`, token.status, 'NO_SHOW');
    judge.promoted(at, known, promoted);
    ledger.leave(known, 'no_show', promoted);
  }

  /** Sends what has to be refused, with this code and these facts beside it. */
  async refused(
    at: string,
    path: string,
    body: object,
    status: number,
    code: string,
    facts: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const answer = await this.#deps.client.post(path, body);
    this.#deps.judge.refusal(at, answer, status, code);
    this.#facts(at, answer, facts);
  }

  #facts(at: string, { body }: HttpAnswer, facts: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(facts))
      this.#deps.judge.breaches.same(
        `${at}: ${name}`,
        (body as Readonly<Record<string, unknown>>)[name],
        value,
      );
  }

  #postBooking(
    { patient, slot, type }: BookingAsked,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    const { client, ledger } = this.#deps;
    ledger.send(slot);
    const body = {
      doctor_id: slot.doctorId,
      slot_id: slot.id,
      patient_name: patient.name,
      patient_type: type,
      ...(patient.patientId === null ? {} : { patient_id: patient.patientId }),
    };
    return client.post('/book', body, headers);
  }

  #booked(asked: BookingAsked, answers: readonly HttpAnswer[]): void {
    const { judge, ledger } = this.#deps;
    const at = `POST /book of patient ${asked.patient.nth} in ${asked.slot.id}`;
    const accepted = answers.filter(({ status }) => status === 201);
    for (const answer of answers) {
      if (answer.status === 201) continue;
      const isTwin = codeOf(answer) === IN_PROGRESS && answers.length > 1 && accepted.length > 0;
      judge.refusal(at, answer, 409, isTwin ? IN_PROGRESS : 'waitlist_full');
    }
    const [first] = accepted;
    if (first === undefined) return;
    const booking = first.body as BookingView;
    judge.booking(asked, booking, first);
    ledger.book({ patient: asked.patient, slot: asked.slot, booking, departure: null });
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
    const at = `POST /cancel of ${known.booking.id}`;
    if (answer.status !== 200) {
      judge.breaches.add(`${at} is answered ${answer.status} ${codeOf(answer)}`);
      return;
    }
    const { id, status, promoted } = answer.body as CancelView;
    judge.breaches.same(`${at}: id`, id, known.booking.id);
    judge.breaches.same<string>(`${at}: status`, status, 'CANCELLED');
    judge.promoted(at, known, promoted);
    ledger.leave(known, 'cancelled', promoted);
  }
}
