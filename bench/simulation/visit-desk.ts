import type { Status } from '../../src/engine/index.ts';
import type { CalledView, ReorderedView, TokenView } from '../../src/service/index.ts';
import { codeOf, type HttpAnswer } from '../lib/client.ts';
import type { DeskDeps } from './desk.ts';
import type { Known } from './ledger.ts';
import type { WardSlot } from './ward.ts';

const STEPS = {
  '/check-in': { deed: 'checked_in', to: 'CHECKED_IN' },
  '/start': { deed: 'started', to: 'IN_CONSULTATION' },
  '/complete': { deed: 'completed', to: 'COMPLETED' },
} as const;

/** A call for the next patient as a desk sends it. */
export interface CallAsked {
  readonly doctorId: string;
  /** Null for all slots of the day. */
  readonly slotId: string | null;
  readonly completesCurrent: boolean;
}

/** Sends what is asked for while patients are in the house: they arrive, are called and seen, move, get worse. */
export class VisitDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Notes that a patient is at the desk. */
  async checkIn(known: Known): Promise<void> {
    const isDone = await this.#step('/check-in', known);
    if (isDone) this.#deps.ledger.count(known.booking.type, 'arrived');
  }

  /** Takes a patient in, whoever is next; while another is with the doctor, that is refused. */
  async start(known: Known): Promise<void> {
    await this.#step('/start', known);
  }

  async complete(known: Known): Promise<void> {
    await this.#step('/complete', known);
  }

  /** Calls the next patient; undefined when there is nobody, or one is with the doctor. */
  async callNext(asked: CallAsked): Promise<Known | undefined> {
    const { client, judge, ledger } = this.#deps;
    const { doctorId, slotId, completesCurrent } = asked;
    const at = `POST /call-next of ${slotId ?? doctorId}`;
    const answer = await client.post('/call-next', {
      doctor_id: doctorId,
      ...(slotId === null ? {} : { slot_id: slotId }),
      ...(completesCurrent ? { complete_current: true } : {}),
    });
    if (answer.status !== 200) {
      const code = codeOf(answer);
      if (code === 'consultation_in_progress' && !completesCurrent) this.#busy(at, answer);
      else judge.refusal(at, answer, 404, 'nobody_waiting');
      if (code === 'nobody_waiting') ledger.idle.push(slotId ?? doctorId);
      return undefined;
    }
    const { completed, ...token } = answer.body as CalledView;
    judge.called(at, { ...token, completed });
    const call = { slotId, completed: completed?.id ?? null };
    ledger.tell('started', token.id, { token, bumped: null, promoted: null, call });
    if (completed !== null)
      ledger.tell('completed', completed.id, { token: completed, bumped: null, promoted: null });
    ledger.count(ledger.typeOf(token.id), 'called');
    return ledger.tokens.get(token.id);
  }

  /** A patient wants another slot, of whichever doctor. */
  async move(known: Known, { id: slotId, doctorId }: WardSlot): Promise<void> {
    const { client, judge, ledger } = this.#deps;
    const { id, type } = known.booking;
    const at = `POST /move of ${id} to ${slotId}`;
    const sentAt = ledger.now;
    ledger.sendAway(id);
    const answer = await client.post('/move', { token_id: id, slot_id: slotId });
    if (answer.status !== 200) {
      this.#unmoved(at, known, slotId, answer);
      return;
    }
    const { bumped, promoted, ...token } = answer.body as ReorderedView;
    judge.breaches.same(`${at}: id`, token.id, id);
    judge.breaches.same(`${at}: slot_id`, token.slot_id, slotId);
    judge.breaches.same(`${at}: doctor_id`, token.doctor_id, doctorId);
    judge.place(at, token);
    if (bumped !== null) judge.bumped(at, token, bumped, sentAt);
    judge.promoted(at, { id }, promoted);
    ledger.tell('moved', id, { token, bumped, promoted: promoted?.id ?? null });
    ledger.count(type, 'moved');
  }

  /** A patient is given another class than the one they have. */
  async reclassify(known: Known, type: string): Promise<void> {
    const { client, judge, ledger } = this.#deps;
    const { id } = known.booking;
    const at = `POST /reclassify of ${id} to ${type}`;
    const body = { token_id: id, patient_type: type, reason: 'triage' };
    const answer = await client.post('/reclassify', body);
    if (answer.status !== 200) {
      judge.overtaken(at, known, answer, null);
      return;
    }
    const { bumped, promoted, ...token } = answer.body as ReorderedView;
    judge.breaches.same(`${at}: id`, token.id, id);
    judge.breaches.same(`R14: ${at}: type`, token.type, type);
    judge.promoted(at, { id, slotId: token.slot_id }, promoted);
    ledger.tell('reclassified', id, { token, bumped, promoted: promoted?.id ?? null });
  }

  /** What may keep a patient in the old place. */
  #unmoved(at: string, known: Known, slotId: string, answer: HttpAnswer): void {
    const { judge, ledger } = this.#deps;
    const code = codeOf(answer);
    if (code === 'slot_closed' && ledger.closing.has(slotId)) judge.refusal(at, answer, 409, code);
    else if (code === 'waitlist_full') judge.refusal(at, answer, 409, code);
    else if (code === 'duplicate_booking') {
      judge.refusal(at, answer, 409, code);
      const { token_id: other } = answer.body as { readonly token_id: string };
      const { patientId } = known.patient;
      const isSame =
        patientId !== null && ledger.tokens.get(other)?.patient.patientId === patientId;
      const isHere = other === known.booking.id && ledger.closing.size > 0;
      judge.breaches.expect(isSame || isHere, `R15: ${at}: ${other} is another patient's`);
    } else judge.overtaken(at, known, answer, null);
  }

  async #step(path: keyof typeof STEPS, known: Known): Promise<boolean> {
    const { client, judge, ledger } = this.#deps;
    const { id } = known.booking;
    const { deed, to }: { deed: (typeof STEPS)[typeof path]['deed']; to: Status } = STEPS[path];
    const at = `POST ${path} of ${id}`;
    const answer = await client.post(path, { token_id: id });
    if (answer.status !== 200) {
      const isBusy = codeOf(answer) === 'consultation_in_progress' && path === '/start';
      if (isBusy) this.#busy(at, answer);
      else judge.overtaken(at, known, answer, to);
      return false;
    }
    const token = answer.body as TokenView;
    judge.breaches.same(`${at}: id`, token.id, id);
    judge.breaches.same(`${at}: status`, token.status, to);
    if (deed === 'started')
      judge.breaches.expect(ledger.call(id), `${at}: ${id} was called already`);
    ledger.tell(deed, id, { token, bumped: null, promoted: null });
    return true;
  }

  /** Another patient is with the doctor: the refusal names who. */
  #busy(at: string, answer: HttpAnswer): void {
    const { judge, ledger } = this.#deps;
    judge.refusal(at, answer, 409, 'consultation_in_progress');
    const { token_id: tokenId } = answer.body as { readonly token_id: string };
    ledger.excuses.push({ at, tokenId, status: 'IN_CONSULTATION' });
  }
}
