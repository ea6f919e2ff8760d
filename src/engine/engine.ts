import type { Change, TokenTransition, Transition } from './change.ts';
import type {
  Book,
  Booked,
  DoctorSnapshot,
  EngineRules,
  Left,
  Outcome,
  TokenCommand,
  TokenSnapshot,
} from './command.ts';
import { Doctor, type DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs, SessionId, SlotId, TokenId } from './ids.ts';
import { found, invariant, unreachable } from './invariant.ts';
import { isSessionIdTaken, isSlotIdTaken, isSlotOfAnother } from './namespace.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';
import { isRevisable, revise, revisedSessions, sameDoctor, slotChanges } from './plan.ts';
import type { EngineRefusal, PlainRefusalCode } from './refusal.ts';
import { endsAt, Slot, type SlotFacts } from './slot.ts';
import { holdsSeat, isLive, nextStatuses, type LiveStatus, type Status } from './status.ts';
import type { Token } from './token.ts';

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
    // With a class above it, a token that cannot bump a checked-in patient would outrank one that can (R3, R8).
    const top = rules.classes.toSorted((a, b) => b.priority - a.priority)[0];
    invariant(top?.type === EMERGENCY, 'EMERGENCY is the highest class');
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

  /** Whether an id is a session's, and so an alias for one of its slots. */
  isSession(id: SlotId | SessionId): boolean {
    return this.#sessions.has(id as SessionId);
  }

  /** A live token of a slot in memory. */
  token(id: TokenId): Token | undefined {
    return this.#tokens.get(id);
  }

  /** Whether a slot takes no booking any more, and promotes nobody, by time alone (R11). */
  hasEnded(slot: Slot, at: EpochMs): boolean {
    return at >= endsAt(slot.facts, this.#rules.graceMinutes);
  }

  /** Seats a patient (R2-R4, R15): on a free seat, on the seat of the weakest, or on the waitlist. */
  book(command: Book): Outcome<Booked> {
    const doctor = this.#doctors.get(command.doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    const slot = this.#slotFor(doctor, command);
    if (slot === undefined) return refuse('slot_not_found');
    const patientClass = this.#classOf(command.patientType);
    const first = command.patientId === null ? undefined : slot.tokenOf(command.patientId);
    if (first !== undefined)
      return {
        ok: false,
        refusal: { code: 'duplicate_booking', tokenId: first.id },
      };
    if (this.hasEnded(slot, command.at)) return refuse('slot_ended');
    if (slot.facts.closedReason !== null) return refuse('slot_closed');
    const victim = slot.seatsLeft > 0 ? undefined : slot.weakestFor(patientClass);
    const seated = slot.seatsLeft > 0 || victim !== undefined;
    if (!seated && slot.waiting >= this.#rules.waitlistMax) return refuse('waitlist_full');

    const changes: Change[] = [];
    if (victim !== undefined)
      changes.push(transition(victim, 'bumped', 'WAITING', command.tokenId, 1, command.at));
    changes.push({
      kind: 'booked',
      doctorId: command.doctorId,
      version: doctor.version + changes.length + 1,
      at: command.at,
      tokenId: command.tokenId,
      slotId: slot.facts.id,
      patientName: command.patientName,
      patientId: command.patientId,
      patientType: command.patientType,
      arrival: doctor.lastArrival + 1,
      number: slot.day.lastNumber + 1,
      to: seated ? 'BOOKED' : 'WAITING',
      present: false,
    });
    this.#write(changes);
    const token = found(this.#tokens.get(command.tokenId), 'a booked token is in the index');
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
      facts.sessions.some(({ id }) =>
        isSessionIdTaken(id, facts.id, this.#slots, this.#sessions),
      ) || planned.some(({ id }) => isSlotOfAnother(id, facts.id, this.#slots));
    if (isTaken) return refuse('id_taken');
    const known = this.#doctors.get(facts.id);
    const doctor = known ?? new Doctor(facts);
    const revised = revisedSessions(known?.facts, facts);
    const changes: Change[] = [];
    if (known === undefined || !sameDoctor(known.facts, facts)) {
      const version = doctor.version + 1;
      changes.push({
        kind: 'doctor_set',
        doctorId: facts.id,
        version,
        at,
        doctor: facts,
      });
    }
    const slots = planned.filter(({ id }) => !this.#slots.has(id));
    for (const slot of doctor.slots)
      if (isRevisable(slot, revised, at))
        slots.push(
          ...revise(
            slot.facts,
            planned.find(({ id }) => id === slot.facts.id),
          ),
        );
    changes.push(...slotChanges(slots, doctor.version + changes.length, at));
    this.#write(changes);
    return { ok: true, changes, value: this.#doctorOf(facts.id) };
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
    const changes = slotChanges(missing, doctor.version, at);
    this.#write(changes);
    return { ok: true, changes, value: missing };
  }

  /** Opens a single slot outside the sessions. */
  addSlot(facts: SlotFacts, at: EpochMs): Outcome<Slot> {
    const doctor = this.#doctors.get(facts.doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    if (at >= endsAt(facts, this.#rules.graceMinutes)) return refuse('slot_ended');
    if (isSlotIdTaken(facts.id, this.#slots, this.#sessions)) return refuse('id_taken');
    const changes = slotChanges([facts], doctor.version, at);
    this.#write(changes);
    return { ok: true, changes, value: this.#slotOf(facts.id) };
  }

  /** The only writer of the engine's state: commands, restore and replay all come through here. */
  apply(change: Change): void {
    const before = this.#doctors.get(change.doctorId)?.version ?? 0;
    invariant(change.version === before + 1, "a doctor's changes are applied one after another");
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
    this.#doctorOf(change.doctorId).version = change.version;
  }

  /** Brings a doctor back as it was kept, without slots. */
  restoreDoctor({ facts, version, lastArrival, lastNumbers }: DoctorSnapshot): void {
    const doctor = this.#setDoctor(facts);
    doctor.version = version;
    doctor.lastArrival = lastArrival;
    for (const [date, number] of lastNumbers) doctor.day(date).lastNumber = number;
  }

  /** Brings a slot of a doctor in memory back as it was kept, with its live tokens. */
  restoreSlot(facts: SlotFacts, tokens: readonly TokenSnapshot[]): void {
    this.#setSlot(facts);
    for (const token of tokens) this.#addToken(token);
  }

  /** Forgets a slot and its tokens: what is over is read from the store. */
  forgetSlot(slot: Slot): void {
    for (const token of [...slot.seatedTokens(), ...slot.waitlist()]) this.#tokens.delete(token.id);
    this.#slots.delete(slot.facts.id);
    slot.doctor.removeSlot(slot);
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
      return {
        ok: false,
        refusal: { code: 'invalid_transition', from: token.status, allowed },
      };
    const promoted = holdsSeat(token.status) ? this.#promotable(token.slot, command.at) : undefined;
    const changes = [transition(token, kind, to, null, 1, command.at)];
    if (promoted !== undefined)
      changes.push(
        transition(promoted, 'promoted', seatStatusOf(promoted), token.id, 2, command.at),
      );
    this.#write(changes);
    return { ok: true, changes, value: { token, promoted: promoted ?? null } };
  }

  /** Who gets the next free seat: nobody once the slot has ended or is closed (R5, R11). */
  #promotable(slot: Slot, at: EpochMs): Token | undefined {
    if (slot.facts.closedReason !== null || this.hasEnded(slot, at)) return undefined;
    return slot.nextWaiting();
  }

  #slotFor(doctor: Doctor, command: Book): Slot | undefined {
    const slot = this.#slots.get(command.slotId);
    if (slot !== undefined) return slot.doctor === doctor ? slot : undefined;
    // A session id is an alias: slots and sessions share one namespace.
    const session = command.slotId as string as SessionId;
    if (this.#sessions.get(session) !== doctor) return undefined;
    return doctor.nextSlotOf(session, command.at, this.#rules.graceMinutes);
  }

  #doctorOf(id: DoctorId): Doctor {
    return found(this.#doctors.get(id), 'what belongs to a doctor has the doctor in memory');
  }

  #slotOf(id: SlotId): Slot {
    return found(this.#slots.get(id), 'what belongs to a slot has the slot in memory');
  }

  #classOf(type: string): PatientClass {
    return found(this.#classes.get(type), 'a token has a class of the table');
  }

  #write(changes: readonly Change[]): void {
    for (const change of changes) this.apply(change);
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
    const doctor = this.#doctorOf(facts.doctorId);
    const known = this.#slots.get(facts.id);
    const slot = known ?? new Slot(doctor, facts);
    if (known !== undefined) doctor.removeSlot(known);
    slot.revise(facts);
    invariant(slot.seatsLeft >= 0, 'a slot has room for those it seats (R1)');
    this.#slots.set(facts.id, slot);
    doctor.addSlot(slot);
  }

  #addToken(facts: TokenSnapshot): void {
    const slot = this.#slotOf(facts.slotId);
    const patientClass = this.#classOf(facts.patientType);
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
    const { doctor, day } = slot;
    doctor.lastArrival = Math.max(doctor.lastArrival, facts.arrival);
    day.lastNumber = Math.max(day.lastNumber, facts.number);
    const before = this.#tokens.size;
    this.#tokens.set(token.id, token);
    invariant(this.#tokens.size > before, 'a token is booked once');
    slot.enter(token, facts.to);
    invariant(slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
  }

  #transit(change: TokenTransition): void {
    const token: Writable<Token> = found(
      this.#tokens.get(change.tokenId),
      'a token that changes is in memory',
    );
    invariant(token.status === change.from, 'a change starts from the status the token has');
    token.slot.leave(token, change.from);
    token.status = change.to;
    if (isLive(change.to)) {
      token.slot.enter(token, change.to);
      invariant(token.slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
    } else this.#tokens.delete(token.id);
  }
}

const refuse = (code: PlainRefusalCode): { ok: false; refusal: EngineRefusal } => ({
  ok: false,
  refusal: { code },
});

/** The `nth` change of a command: this token goes to another status. */
const transition = (
  { id, slot, status }: Token,
  kind: Transition,
  to: Status,
  cause: TokenId | null,
  nth: number,
  at: EpochMs,
): TokenTransition => {
  invariant(isLive(status), 'only a live token changes');
  const { doctor, facts } = slot;
  const version = doctor.version + nth;
  return {
    kind,
    doctorId: facts.doctorId,
    version,
    at,
    tokenId: id,
    slotId: facts.id,
    from: status,
    to,
    cause,
  };
};

/** The seat status a waiter comes back to: one who has been at the desk is still there. */
const seatStatusOf = (token: Token): LiveStatus => (token.present ? 'CHECKED_IN' : 'BOOKED');
