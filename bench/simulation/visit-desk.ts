import type { Status } from '../../src/engine/index.ts';
import type {
  CalledView,
  ReorderedView,
  TokenView,
  UndoneView,
} from '../../src/http/resources/index.ts';
import { codeOf, type HttpAnswer } from '../lib/client.ts';
import type { DeskDeps } from './desk.ts';
import type { KnownBooking, ReportedEffect } from './ledger.ts';
import type { ReferenceSlot } from './reference-model.ts';

const STEPS = {
  '/check-in': { command: 'checked_in', to: 'CHECKED_IN' },
  '/start': { command: 'started', to: 'IN_CONSULTATION' },
  '/complete': { command: 'completed', to: 'COMPLETED' },
} as const;

/** A call for the next patient, as a desk sends it. */
export interface CallRequest {
  readonly doctorId: string;
  /** Null for a call of all slots of the day. */
  readonly slotId: string | null;
  /** The room to which the patient is called; null if none is named. */
  readonly room: string | null;
  /** The number of the doctor's rooms. */
  readonly rooms: number;
  /** What is done first with the patient who is in consultation. */
  readonly current: 'complete' | 'skip' | null;
}

/**
 * Sends the commands about patients in the hospital: check-in, call, start, skip, completion, undo, move, change of
 * class.
 */
export class VisitDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Checks a patient in. */
  async checkIn(known: KnownBooking): Promise<void> {
    const isDone = await this.#step('/check-in', known);
    if (isDone) this.#deps.ledger.count(known.booking.type, 'checked-in');
  }

  /** Checks a patient in on a day before that of the slot; it is refused, whatever else happens (R20). */
  async checkInTooEarly(known: KnownBooking): Promise<void> {
    const { client, checks } = this.#deps;
    const { id } = known.booking;
    const at = `POST /check-in of ${id} before its day`;
    const answer = await client.post('/check-in', { token_id: id });
    if (codeOf(answer) === 'too_early') checks.refusal(at, answer, 409, 'too_early');
    else checks.refusalAfterChange(at, known, answer, 'CHECKED_IN');
  }

  /** Starts a consultation without a call; it is refused while the room or all rooms are taken. */
  async start(known: KnownBooking, room: string | null): Promise<void> {
    await this.#step('/start', known, room === null ? {} : { room });
  }

  async complete(known: KnownBooking): Promise<void> {
    await this.#step('/complete', known);
  }

  /** Calls the next patient; undefined if no patient is checked in or no room is free. */
  async callNext(request: CallRequest): Promise<KnownBooking | undefined> {
    const { client, checks, ledger } = this.#deps;
    const { doctorId, slotId, room, rooms, current } = request;
    const at = `POST /call-next of ${slotId ?? doctorId}`;
    const answer = await client.post('/call-next', {
      doctor_id: doctorId,
      ...(slotId === null ? {} : { slot_id: slotId }),
      ...(room === null ? {} : { room }),
      ...(current === null ? {} : { [`${current}_current`]: true }),
    });
    if (answer.status !== 200) {
      const code = codeOf(answer);
      // With more rooms, the patient in consultation can be in another room than the one that is named.
      const mayBeBusy = current === null || rooms > 1;
      if (code === 'consultation_in_progress' && mayBeBusy) this.#busy(at, answer);
      else checks.refusal(at, answer, 404, 'nobody_waiting');
      if (code === 'nobody_waiting') ledger.nobodyWaiting.push(slotId ?? doctorId);
      return undefined;
    }
    const { completed, skipped = null, promoted, ...token } = answer.body as CalledView;
    checks.called(at, { ...token, completed, skipped });
    const call = { slotId, room };
    ledger.addEffect('started', token.id, { token, bumped: null, promoted: null, call });
    if (completed !== null)
      ledger.addEffect('completed', completed.id, {
        ...{ token: completed, bumped: null, promoted: null, call },
      });
    if (skipped !== null) {
      const effect = { token: skipped, bumped: null, promoted: promoted?.id ?? null, call };
      this.#skipped(skipped.id, effect);
    }
    ledger.count(ledger.typeOf(token.id), 'called');
    return ledger.tokens.get(token.id);
  }

  /** Skips a patient who is not there; a waiting patient of a higher class may get the seat. */
  async skip(known: KnownBooking): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const { id } = known.booking;
    const at = `POST /skip of ${id}`;
    ledger.forgetCheckIn(id);
    const answer = await client.post('/skip', { token_id: id });
    if (answer.status !== 200) {
      checks.refusalAfterChange(at, known, answer, 'SKIPPED');
      return;
    }
    const { bumped, promoted, ...token } = answer.body as ReorderedView;
    checks.violations.same(`${at}: id`, token.id, id);
    checks.skipped(at, token);
    checks.promoted(at, { id, slotId: token.slot_id }, promoted);
    this.#skipped(id, { token, bumped, promoted: promoted?.id ?? null });
  }

  /** Takes the last change of a token back; refused if others have changed the token since, or R15 forbids it. */
  async undo(known: KnownBooking): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const { id } = known.booking;
    const at = `POST /undo of ${id}`;
    const sentAt = ledger.now;
    ledger.forgetCheckIn(id);
    const answer = await client.post('/undo', { token_id: id, reason: 'a wrong click' });
    if (answer.status !== 200) {
      const isDuplicate =
        codeOf(answer) === 'duplicate_booking' && known.patient.patientId !== null;
      checks.refusal(at, answer, 409, isDuplicate ? 'duplicate_booking' : 'nothing_to_undo');
      return;
    }
    const { bumped, promoted, undone, ...token } = answer.body as UndoneView;
    checks.violations.same(`${at}: id`, token.id, id);
    if (bumped !== null) checks.bumped(at, token, bumped, sentAt);
    checks.promoted(at, { id, slotId: token.slot_id }, promoted);
    ledger.uncall(id);
    ledger.addEffect('undone', id, { token, bumped, promoted: promoted?.id ?? null });
    ledger.count(known.booking.type, 'undone');
  }

  #skipped(id: string, effect: ReportedEffect): void {
    const { ledger } = this.#deps;
    ledger.uncall(id);
    ledger.addEffect('skipped', id, effect);
    ledger.count(ledger.typeOf(id), 'skipped');
  }

  /**
   * Moves a patient to another slot, also to one of another doctor.
   * @param now the class of the patient, which triage may have changed since the booking
   */
  async move(
    known: KnownBooking,
    { id: slotId, doctorId }: ReferenceSlot,
    now: string,
  ): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const { id, type } = known.booking;
    const at = `POST /move of ${id} to ${slotId}`;
    const sentAt = ledger.now;
    ledger.forgetCheckIn(id);
    const answer = await client.post('/move', { token_id: id, slot_id: slotId });
    if (answer.status !== 200) {
      this.#unmoved(at, known, { slotId, type: now }, answer);
      return;
    }
    const { bumped, promoted, ...token } = answer.body as ReorderedView;
    checks.violations.same(`${at}: id`, token.id, id);
    checks.violations.same(`${at}: slot_id`, token.slot_id, slotId);
    checks.violations.same(`${at}: doctor_id`, token.doctor_id, doctorId);
    checks.place(at, token);
    if (bumped !== null) checks.bumped(at, token, bumped, sentAt);
    checks.promoted(at, { id }, promoted);
    ledger.addEffect('moved', id, { token, bumped, promoted: promoted?.id ?? null });
    ledger.count(type, 'moved');
  }

  /** Gives a patient another class. */
  async reclassify(known: KnownBooking, type: string): Promise<void> {
    const { client, checks, ledger } = this.#deps;
    const { id } = known.booking;
    const at = `POST /reclassify of ${id} to ${type}`;
    const body = { token_id: id, patient_type: type, reason: 'triage' };
    const answer = await client.post('/reclassify', body);
    if (answer.status !== 200) {
      checks.refusalAfterChange(at, known, answer, null);
      return;
    }
    const { bumped, promoted, ...token } = answer.body as ReorderedView;
    checks.violations.same(`${at}: id`, token.id, id);
    checks.violations.same(`R14: ${at}: type`, token.type, type);
    checks.promoted(at, { id, slotId: token.slot_id }, promoted);
    ledger.addEffect('reclassified', id, { token, bumped, promoted: promoted?.id ?? null });
  }

  /** Checks the refusal of a move. */
  #unmoved(
    at: string,
    known: KnownBooking,
    { slotId, type }: { readonly slotId: string; readonly type: string },
    answer: HttpAnswer,
  ): void {
    const { checks, ledger, hospital } = this.#deps;
    const code = codeOf(answer);
    if (code === 'waitlist_full' || hospital.mayRefuse(code, slotId, type))
      checks.refusal(at, answer, 409, code);
    else if (code === 'duplicate_booking') {
      checks.refusal(at, answer, 409, code);
      const { token_id: other } = answer.body as { readonly token_id: string };
      const { patientId } = known.patient;
      const isSame =
        patientId !== null && ledger.tokens.get(other)?.patient.patientId === patientId;
      const isHere = other === known.booking.id && hospital.mayHaveClosed;
      checks.violations.expect(isSame || isHere, `R15: ${at}: ${other} is another patient's`);
    } else checks.refusalAfterChange(at, known, answer, null);
  }

  async #step(path: keyof typeof STEPS, known: KnownBooking, more: object = {}): Promise<boolean> {
    const { client, checks, ledger } = this.#deps;
    const { id } = known.booking;
    const { command, to }: { command: (typeof STEPS)[typeof path]['command']; to: Status } =
      STEPS[path];
    const at = `POST ${path} of ${id}`;
    const answer = await client.post(path, { token_id: id, ...more });
    if (answer.status !== 200) {
      const isBusy = codeOf(answer) === 'consultation_in_progress' && path === '/start';
      if (isBusy) this.#busy(at, answer);
      else checks.refusalAfterChange(at, known, answer, to);
      return false;
    }
    const token = answer.body as TokenView;
    checks.violations.same(`${at}: id`, token.id, id);
    checks.violations.same(`${at}: status`, token.status, to);
    if (command === 'started')
      checks.violations.expect(ledger.call(id), `${at}: ${id} was called already`);
    ledger.addEffect(command, id, { token, bumped: null, promoted: null });
    return true;
  }

  /** Checks a refusal that names the patient because of whom no room is free. */
  #busy(at: string, answer: HttpAnswer): void {
    const { checks, ledger } = this.#deps;
    checks.refusal(at, answer, 409, 'consultation_in_progress');
    const { token_id: tokenId } = answer.body as { readonly token_id: string };
    ledger.statusClaims.push({ at, tokenId, status: 'IN_CONSULTATION' });
  }
}
