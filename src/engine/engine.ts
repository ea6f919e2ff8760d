import type { Change, TokenBooked, TokenTransition, Transition } from './change.ts';
import { Doctor, type DoctorFacts, type Session } from './doctor.ts';
import type {
  DoctorId,
  EpochMs,
  LocalDate,
  PatientId,
  SessionId,
  SlotId,
  TokenId,
} from './ids.ts';
import { invariant, unreachable } from './invariant.ts';
import type { PatientClass } from './patient-class.ts';
import type { EngineRefusal } from './refusal.ts';
import { endsAt, SESSION_ENDED, Slot, type SlotFacts } from './slot.ts';
import { holdsSeat, isLive, nextStatuses, type LiveStatus, type Status } from './status.ts';
import type { Token } from './token.ts';

export interface EngineRules {
  readonly classes: readonly PatientClass[];
  /** Minutes after its end (and delay) during which a slot still takes bookings and promotes (R11). */
  readonly graceMinutes: number;
  /** Waiters a slot may have before a booking that would wait is refused. A bumped token always finds room. */
  readonly waitlistMax: number;
}

export interface Book {
  readonly doctorId: DoctorId;
  /** A slot, or a session: its next slot that still takes bookings. */
  readonly slotId: SlotId;
  readonly tokenId: TokenId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  readonly at: EpochMs;
}

export interface TokenCommand {
  readonly tokenId: TokenId;
  readonly at: EpochMs;
}

export type Outcome<T> =
  | { readonly ok: true; readonly changes: readonly Change[]; readonly value: T }
  | { readonly ok: false; readonly refusal: EngineRefusal };

export interface Booked {
  readonly token: Token;
  readonly bumped: Token | null;
}

export interface Left {
  readonly token: Token;
  readonly promoted: Token | null;
}

/** A doctor as a store kept it. */
export interface DoctorSnapshot {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
}

/** A live token as a store kept it. */
export type TokenSnapshot = Omit<TokenBooked, 'kind' | 'doctorId' | 'version'>;

/** A change before it has its place in the doctor's order. */
type Draft =
  | Omit<Extract<Change, { kind: 'doctor_set' }>, 'version' | 'doctorId' | 'at'>
  | Omit<Extract<Change, { kind: 'slot_set' }>, 'version' | 'doctorId' | 'at'>
  | Omit<TokenBooked, 'version' | 'doctorId' | 'at'>
  | Omit<TokenTransition, 'version' | 'doctorId' | 'at'>;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * The allocation rules R1-R10 and R15-R17 over doctors, slots and tokens in memory. Synchronous and decided by
 * state, command and given time alone (R16). A command computes its changes, writes them through `apply` and
 * returns them, or refuses and has touched nothing.
 */
export class AllocationEngine {
  readonly #rules: EngineRules;
  readonly #classes: ReadonlyMap<string, PatientClass>;
  readonly #doctors = new Map<DoctorId, Doctor>();
  readonly #sessions = new Map<SessionId, Doctor>();
  readonly #slots = new Map<SlotId, Slot>();
  readonly #tokens = new Map<TokenId, Token>();

  constructor(rules: EngineRules) {
    this.#rules = rules;
    this.#classes = new Map(rules.classes.map((patientClass) => [patientClass.type, patientClass]));
  }

  get rules(): EngineRules {
    return this.#rules;
  }

  get doctors(): Iterable<Doctor> {
    return this.#doctors.values();
  }

  doctor(id: DoctorId): Doctor | undefined {
    return this.#doctors.get(id);
  }

  slot(id: SlotId): Slot | undefined {
    return this.#slots.get(id);
  }

  /** A live token of a slot in memory. */
  token(id: TokenId): Token | undefined {
    return this.#tokens.get(id);
  }

  /** Whether a slot still takes bookings, and promotes, by time alone (R11). */
  hasEnded(slot: Slot, at: EpochMs): boolean {
    return at >= endsAt(slot.facts, this.#rules.graceMinutes);
  }

  /** Seats a patient (R2-R4, R15): on a free seat, on the seat of the weakest, or on the waitlist. */
  book(command: Book): Outcome<Booked> {
    const doctor = this.#doctors.get(command.doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    const slot = this.#slotFor(doctor, command);
    if (slot === undefined) return refuse('slot_not_found');
    const patientClass = this.#classes.get(command.patientType);
    invariant(patientClass !== undefined, 'a booking names a class of the table');
    const first = command.patientId === null ? undefined : slot.tokenOf(command.patientId);
    if (first !== undefined)
      return { ok: false, refusal: { code: 'duplicate_booking', tokenId: first.id } };
    if (this.hasEnded(slot, command.at)) return refuse('slot_ended');
    if (slot.facts.closedReason !== null) return refuse('slot_closed');
    const victim = slot.seatsLeft > 0 ? undefined : slot.weakestFor(patientClass);
    const seated = slot.seatsLeft > 0 || victim !== undefined;
    if (!seated && slot.waiting >= this.#rules.waitlistMax) return refuse('waitlist_full');

    const booked: Draft = {
      kind: 'booked',
      tokenId: command.tokenId,
      slotId: slot.facts.id,
      patientName: command.patientName,
      patientId: command.patientId,
      patientType: command.patientType,
      arrival: doctor.lastArrival + 1,
      number: doctor.lastNumberOn(slot.facts.date) + 1,
      to: seated ? 'BOOKED' : 'WAITING',
      present: false,
    };
    const drafts: Draft[] =
      victim === undefined
        ? [booked]
        : [transition(victim, 'bumped', 'WAITING', command.tokenId), booked];
    const changes = this.#commit(doctor, command.at, drafts);
    const token = this.#tokens.get(command.tokenId);
    invariant(token !== undefined, 'a booked token is in the index');
    return { ok: true, changes, value: { token, bumped: victim ?? null } };
  }

  /** Gives the place up, seated or waiting; a freed seat goes to the next waiter at once (R5, R6). */
  cancel(command: TokenCommand): Outcome<Left> {
    return this.#leave(command, 'cancelled', 'CANCELLED');
  }

  /** Marks a patient who held a seat and did not come; the seat goes to the next waiter at once (R5). */
  noShow(command: TokenCommand): Outcome<Left> {
    return this.#leave(command, 'no_show', 'NO_SHOW');
  }

  /**
   * Adds a doctor or revises one, and brings the slots of the sessions to `planned`: those missing are opened,
   * unused ones are revised or closed, and a slot with a live token stays as it is. Repeated, it changes nothing.
   */
  putDoctor(facts: DoctorFacts, planned: readonly SlotFacts[], at: EpochMs): Outcome<Doctor> {
    const isTaken =
      facts.sessions.some(({ id }) => this.#isSessionIdTaken(id, facts.id)) ||
      planned.some(({ id }) => this.#isSlotOfAnother(id, facts.id));
    if (isTaken) return refuse('id_taken');
    const known = this.#doctors.get(facts.id);
    const doctor = known ?? new Doctor(facts);
    const revised = revisedSessions(known?.facts, facts);
    const drafts: Draft[] = [];
    if (known === undefined || !sameDoctor(known.facts, facts))
      drafts.push({ kind: 'doctor_set', doctor: facts });
    for (const slot of planned)
      if (!this.#slots.has(slot.id)) drafts.push({ kind: 'slot_set', slot });
    for (const slot of doctor.slots)
      if (isRevisable(slot, revised, at))
        drafts.push(...revise(slot.facts, planned.find(({ id }) => id === slot.facts.id)));
    const changes = this.#commit(doctor, at, drafts);
    return { ok: true, changes, value: this.#doctors.get(facts.id) ?? doctor };
  }

  /** Opens the slots that the doctor's sessions yield and that are not there yet. */
  openSlots(
    doctorId: DoctorId,
    planned: readonly SlotFacts[],
    at: EpochMs,
  ): Outcome<readonly SlotFacts[]> {
    const doctor = this.#doctors.get(doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    const missing = planned.filter(({ id }) => !this.#slots.has(id));
    const changes = this.#commit(
      doctor,
      at,
      missing.map((slot) => ({ kind: 'slot_set', slot })),
    );
    return { ok: true, changes, value: missing };
  }

  /** Opens a single slot outside the sessions. */
  addSlot(facts: SlotFacts, at: EpochMs): Outcome<Slot> {
    const doctor = this.#doctors.get(facts.doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    if (at >= endsAt(facts, this.#rules.graceMinutes)) return refuse('slot_ended');
    if (this.#isSlotIdTaken(facts.id)) return refuse('id_taken');
    const changes = this.#commit(doctor, at, [{ kind: 'slot_set', slot: facts }]);
    const slot = this.#slots.get(facts.id);
    invariant(slot !== undefined, 'an opened slot is in the index');
    return { ok: true, changes, value: slot };
  }

  /** The only writer of the engine's state: commands, restore and replay all come through here. */
  apply(change: Change): void {
    switch (change.kind) {
      case 'doctor_set':
        this.#setDoctor(change.doctor);
        break;
      case 'slot_set':
        this.#setSlot(change.slot);
        break;
      case 'booked':
        this.#addToken(change);
        break;
      case 'bumped':
      case 'promoted':
      case 'cancelled':
      case 'no_show':
        this.#transit(change);
        break;
      default:
        unreachable(change);
    }
    const doctor = this.#doctors.get(change.doctorId);
    invariant(doctor !== undefined, 'a change belongs to a doctor in memory');
    doctor.version = change.version;
  }

  /** Brings a doctor back as it was kept, without slots. */
  restoreDoctor({ facts, version, lastArrival, lastNumbers }: DoctorSnapshot): void {
    const doctor = this.#setDoctor(facts);
    doctor.version = version;
    doctor.lastArrival = lastArrival;
    for (const [date, number] of lastNumbers) doctor.useNumber(date, number);
  }

  /** Brings a slot of a doctor in memory back as it was kept, with its live tokens. */
  restoreSlot(facts: SlotFacts, tokens: readonly TokenSnapshot[]): void {
    this.#setSlot(facts);
    for (const token of tokens) this.#addToken(token);
  }

  /** Forgets a slot and its tokens: what is over is read from the store. */
  forgetSlot(slot: Slot): void {
    const doctor = this.#doctors.get(slot.facts.doctorId);
    for (const token of [...slot.seatedTokens(), ...slot.waitlist()]) this.#tokens.delete(token.id);
    this.#slots.delete(slot.facts.id);
    doctor?.removeSlot(slot);
  }

  /** Forgets a doctor with all slots and tokens, as if never restored. */
  forgetDoctor(id: DoctorId): void {
    const doctor = this.#doctors.get(id);
    if (doctor === undefined) return;
    for (const slot of [...doctor.slots]) this.forgetSlot(slot);
    for (const session of doctor.facts.sessions) this.#sessions.delete(session.id);
    this.#doctors.delete(id);
  }

  #leave(
    command: TokenCommand,
    kind: 'cancelled' | 'no_show',
    to: 'CANCELLED' | 'NO_SHOW',
  ): Outcome<Left> {
    const token = this.#tokens.get(command.tokenId);
    if (token === undefined) return refuse('token_not_found');
    const allowed = nextStatuses(token.status);
    if (!allowed.includes(to))
      return { ok: false, refusal: { code: 'invalid_transition', from: token.status, allowed } };
    const promoted = holdsSeat(token.status) ? this.#promotable(token.slot, command.at) : undefined;
    const drafts: Draft[] = [transition(token, kind, to, null)];
    if (promoted !== undefined)
      drafts.push(transition(promoted, 'promoted', seatStatusOf(promoted), token.id));
    const changes = this.#commit(this.#doctorOf(token.slot), command.at, drafts);
    return { ok: true, changes, value: { token, promoted: promoted ?? null } };
  }

  /** Who gets the next free seat: nobody once the slot has ended or is closed (R5, R11). */
  #promotable(slot: Slot, at: EpochMs): Token | undefined {
    if (slot.facts.closedReason !== null || this.hasEnded(slot, at)) return undefined;
    return slot.nextWaiting();
  }

  #slotFor(doctor: Doctor, command: Book): Slot | undefined {
    const slot = this.#slots.get(command.slotId);
    if (slot !== undefined) return slot.facts.doctorId === doctor.facts.id ? slot : undefined;
    // A session id is an alias: both are ids of one namespace (see #isSlotIdTaken).
    const session = command.slotId as string as SessionId;
    if (this.#sessions.get(session) !== doctor) return undefined;
    return doctor.nextSlotOf(session, command.at, this.#rules.graceMinutes);
  }

  #doctorOf(slot: Slot): Doctor {
    const doctor = this.#doctors.get(slot.facts.doctorId);
    invariant(doctor !== undefined, 'a slot in memory has its doctor in memory');
    return doctor;
  }

  #isSessionIdTaken(id: SessionId, doctorId: DoctorId): boolean {
    const owner = this.#sessions.get(id);
    return owner === undefined
      ? this.#slots.has(id as string as SlotId)
      : owner.facts.id !== doctorId;
  }

  #isSlotOfAnother(id: SlotId, doctorId: DoctorId): boolean {
    const slot = this.#slots.get(id);
    return slot !== undefined && slot.facts.doctorId !== doctorId;
  }

  /** Slot ids and session ids are one namespace, and `session@...` belongs to the session. */
  #isSlotIdTaken(id: SlotId): boolean {
    const [session] = id.split('@', 1) as [SessionId];
    return this.#slots.has(id) || this.#sessions.has(session);
  }

  /** Gives the drafts their places in the doctor's order and writes them. */
  #commit(doctor: Doctor, at: EpochMs, drafts: readonly Draft[]): readonly Change[] {
    const { version } = doctor;
    const doctorId = doctor.facts.id;
    const changes: Change[] = [];
    for (const [index, draft] of drafts.entries())
      changes.push({ ...draft, doctorId, version: version + index + 1, at });
    for (const change of changes) this.apply(change);
    return changes;
  }

  #setDoctor(facts: DoctorFacts): Doctor {
    const doctor = this.#doctors.get(facts.id) ?? new Doctor(facts);
    for (const { id } of doctor.facts.sessions) this.#sessions.delete(id);
    doctor.facts = facts;
    this.#doctors.set(facts.id, doctor);
    for (const { id } of facts.sessions) this.#sessions.set(id, doctor);
    return doctor;
  }

  #setSlot(facts: SlotFacts): void {
    const slot = this.#slots.get(facts.id) ?? new Slot(facts);
    const doctor = this.#doctorOf(slot);
    if (this.#slots.has(facts.id)) doctor.removeSlot(slot);
    slot.revise(facts);
    this.#slots.set(facts.id, slot);
    doctor.addSlot(slot);
  }

  #addToken(facts: TokenSnapshot): void {
    const slot = this.#slots.get(facts.slotId);
    const patientClass = this.#classes.get(facts.patientType);
    invariant(slot !== undefined, 'a token belongs to a slot in memory');
    invariant(patientClass !== undefined, 'a token has a class of the table');
    invariant(!this.#tokens.has(facts.tokenId), 'a token is booked once');
    const token: Token = {
      id: facts.tokenId,
      slot,
      patientName: facts.patientName,
      patientId: facts.patientId,
      patientClass,
      arrival: facts.arrival,
      number: facts.number,
      bookedAt: facts.at,
      status: facts.to,
      present: facts.present,
    };
    const doctor = this.#doctorOf(slot);
    doctor.lastArrival = Math.max(doctor.lastArrival, facts.arrival);
    doctor.useNumber(slot.facts.date, facts.number);
    this.#tokens.set(token.id, token);
    slot.enter(token, facts.to);
    invariant(slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
  }

  #transit(change: TokenTransition): void {
    const token: Writable<Token> | undefined = this.#tokens.get(change.tokenId);
    invariant(token !== undefined, 'a token that changes is in memory');
    invariant(token.status === change.from, 'a change starts from the status the token has');
    token.slot.leave(token, change.from);
    token.status = change.to;
    if (isLive(change.to)) {
      token.slot.enter(token, change.to);
      invariant(token.slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
    } else this.#tokens.delete(token.id);
  }
}

const refuse = (
  code: Exclude<EngineRefusal['code'], 'duplicate_booking' | 'invalid_transition'>,
): { ok: false; refusal: EngineRefusal } => ({ ok: false, refusal: { code } });

const transition = (
  token: Token,
  kind: Transition,
  to: Status,
  cause: TokenId | null,
): Draft & { kind: Transition } => {
  invariant(isLive(token.status), 'only a live token changes');
  return { kind, tokenId: token.id, slotId: token.slot.facts.id, from: token.status, to, cause };
};

/** The seat status a waiter comes back to: one who has been at the desk is still there. */
const seatStatusOf = (token: Token): LiveStatus => (token.present ? 'CHECKED_IN' : 'BOOKED');

const sameDoctor = (a: DoctorFacts, b: DoctorFacts): boolean =>
  a.name === b.name &&
  a.department === b.department &&
  a.timeZone === b.timeZone &&
  a.sessions.length === b.sessions.length &&
  a.sessions.every((session, index) => sameSession(session, b.sessions[index]));

const sameSession = (a: Session, b: Session | undefined): boolean =>
  a.id === b?.id &&
  a.start === b.start &&
  a.end === b.end &&
  a.capacity === b.capacity &&
  a.weekdays.join() === b.weekdays.join();

/** The ids of sessions that are new, changed or gone; all of them when the time zone moved. */
function revisedSessions(known: DoctorFacts | undefined, facts: DoctorFacts): Set<SessionId> {
  const before = known?.sessions ?? [];
  const isKept = (session: Session): boolean =>
    known?.timeZone === facts.timeZone &&
    sameSession(
      session,
      facts.sessions.find(({ id }) => id === session.id),
    );
  const kept = new Set(before.filter(isKept).map(({ id }) => id));
  const all = [...before, ...facts.sessions].map(({ id }) => id);
  return new Set(all.filter((id) => !kept.has(id)));
}

/** A slot follows its session's revision while it is ahead, unused and not closed by the hospital itself. */
const isRevisable = ({ facts, isEmpty }: Slot, revised: Set<SessionId>, at: EpochMs): boolean =>
  facts.sessionId !== null &&
  revised.has(facts.sessionId) &&
  facts.startTime > at &&
  isEmpty &&
  (facts.closedReason === null || facts.closedReason === SESSION_ENDED);

/** What the session's revision makes of an unused slot: its new facts, or closed when it is no longer yielded. */
function revise(facts: SlotFacts, planned: SlotFacts | undefined): Draft[] {
  const slot = planned ?? { ...facts, closedReason: SESSION_ENDED };
  return sameSlot(facts, slot) ? [] : [{ kind: 'slot_set', slot }];
}

const sameSlot = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime &&
  a.endTime === b.endTime &&
  a.capacity === b.capacity &&
  a.closedReason === b.closedReason;
