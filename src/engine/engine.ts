import type { Change, TokenTransition } from './change.ts';
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
import { Namespace, type DoctorPlan, type TakenSessions } from './namespace.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';
import { sameDoctor, slotChanges, slotsToOpen, slotsToRevise } from './plan.ts';
import type { EngineRefusal, PlainRefusalCode } from './refusal.ts';
import { endsAt, Slot, type SlotFacts } from './slot.ts';
import { holdsSeat, isLive, nextStatuses } from './status.ts';
import type { Token } from './token.ts';
import { promotion, transition } from './transition.ts';

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
  readonly #ids = new Namespace();
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
    return this.#ids.slot(id);
  }

  /** Whether an id is a session's, and so an alias for one of its slots. */
  isSession(id: SlotId | SessionId): boolean {
    return this.#ids.session(id as SessionId) !== undefined;
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
    // Who waits beside a free seat comes before any newcomer (R5, R8).
    const filled = slot.isUnfilled ? this.#fill([slot], command.at) : NO_CHANGES;
    const victim = slot.seatsLeft > 0 ? undefined : slot.weakestFor(patientClass);
    const seated = slot.seatsLeft > 0 || victim !== undefined;
    // A waitlist that just gave somebody a seat has room.
    if (!seated && filled.length === 0 && slot.waiting >= this.#rules.waitlistMax)
      return refuse('waitlist_full');

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
    return {
      ok: true,
      changes: withFilled(filled, changes),
      value: { token, bumped: victim ?? null },
    };
  }

  /** Gives the place up, seated or waiting; a freed seat goes to the next waiter at once (R5, R6). */
  cancel(command: TokenCommand): Outcome<Left> {
    return this.#leave(command, 'cancelled', 'CANCELLED');
  }

  /** Marks a patient who held a seat and did not come; the seat goes to the next waiter at once (R5). */
  noShow(command: TokenCommand): Outcome<Left> {
    return this.#leave(command, 'no_show', 'NO_SHOW');
  }

  /** Seats those who wait beside a free seat, as after an end that was put off; mostly there is nobody (R5). */
  fillSeats(doctorId: DoctorId, at: EpochMs): Outcome<Doctor> {
    const doctor = this.#doctors.get(doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    return { ok: true, changes: this.#fill(doctor.slots, at), value: doctor };
  }

  /** The sessions for which `putDoctor` would refuse these doctors, if they are put one after another. */
  takenSessions(plans: readonly DoctorPlan[]): TakenSessions[] {
    return this.#ids.taken(plans);
  }

  /**
   * Adds a doctor or revises one, and brings the slots of the sessions to `planned`: those missing are opened,
   * unused ones are revised, closed or opened again, and a slot with a live token stays as it is. Repeated, it changes nothing.
   */
  putDoctor(facts: DoctorFacts, planned: readonly SlotFacts[], at: EpochMs): Outcome<Doctor> {
    if (this.takenSessions([{ facts, planned }]).length > 0) return refuse('id_taken');
    const known = this.#doctors.get(facts.id);
    const doctor = known ?? new Doctor(facts);
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
    const opened = slotsToOpen(planned, this.#ids, at);
    const slots = new Map(
      [...opened, ...slotsToRevise(doctor, facts, planned, at)].map((slot) => [slot.id, slot]),
    );
    changes.push(...slotChanges([...slots.values()], doctor.version + changes.length, at));
    this.#write(changes);
    return { ok: true, changes, value: this.#doctorOf(facts.id) };
  }

  /** Opens the slots that the doctor's sessions yield: those not there yet, and those closed by a session's end. */
  openSlots(
    doctorId: DoctorId,
    planned: readonly SlotFacts[],
    at: EpochMs,
  ): Outcome<readonly SlotFacts[]> {
    const doctor = this.#doctors.get(doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    const opened = slotsToOpen(planned, this.#ids, at);
    const changes = slotChanges(opened, doctor.version, at);
    this.#write(changes);
    return { ok: true, changes, value: opened };
  }

  /** Opens a single slot outside the sessions. */
  addSlot(facts: SlotFacts, at: EpochMs): Outcome<Slot> {
    const doctor = this.#doctors.get(facts.doctorId);
    if (doctor === undefined) return refuse('doctor_not_found');
    if (at >= endsAt(facts, this.#rules.graceMinutes)) return refuse('slot_ended');
    if (this.#ids.isTaken(facts.id)) return refuse('id_taken');
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

  /** Brings a slot of a doctor in memory back as it was kept, with its live tokens and the last number of its day. */
  restoreSlot(facts: SlotFacts, tokens: readonly TokenSnapshot[], lastNumber = 0): void {
    this.#setSlot(facts);
    for (const token of tokens) this.#addToken(token);
    const { day } = this.#slotOf(facts.id);
    day.lastNumber = Math.max(day.lastNumber, lastNumber);
  }

  /** Forgets a slot and its tokens: what is over is read from the store. */
  forgetSlot(slot: Slot): void {
    for (const token of [...slot.seatedTokens(), ...slot.waitlist()]) this.#tokens.delete(token.id);
    this.#ids.removeSlot(slot);
    slot.doctor.removeSlot(slot);
  }

  /** Forgets a doctor with all slots and tokens, as if never restored. */
  forgetDoctor(id: DoctorId): void {
    const doctor = this.#doctors.get(id);
    if (doctor === undefined) return;
    for (const slot of [...doctor.slots]) this.forgetSlot(slot);
    for (const session of doctor.facts.sessions) this.#ids.removeSession(session.id);
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
    const { slot } = token;
    const filled = slot.isUnfilled ? this.#fill([slot], command.at) : NO_CHANGES;
    const promoted = holdsSeat(token.status) ? this.#due(slot, command.at) : undefined;
    const changes = [transition(token, kind, to, null, 1, command.at)];
    if (promoted !== undefined) changes.push(promotion(promoted, token.id, 2, command.at));
    this.#write(changes);
    return {
      ok: true,
      changes: withFilled(filled, changes),
      value: { token, promoted: promoted ?? null },
    };
  }

  /** Who gets the next free seat: nobody once the slot has ended or is closed (R5, R11). */
  #due(slot: Slot, at: EpochMs): Token | undefined {
    if (slot.facts.closedReason !== null || this.hasEnded(slot, at)) return undefined;
    return slot.nextWaiting();
  }

  /** Seats those who are due a seat that is free already: an end was put off, or the clock was put right. */
  #fill(slots: readonly Slot[], at: EpochMs): Change[] {
    const changes: Change[] = [];
    for (const slot of slots)
      while (slot.isUnfilled) {
        const waiter = this.#due(slot, at);
        if (waiter === undefined) break;
        const change = promotion(waiter, null, 1, at);
        this.apply(change);
        changes.push(change);
      }
    return changes;
  }

  #slotFor(doctor: Doctor, command: Book): Slot | undefined {
    const slot = this.#ids.slot(command.slotId);
    if (slot !== undefined) return slot.doctor === doctor ? slot : undefined;
    // A session id is an alias: slots and sessions share one namespace.
    const session = command.slotId as string as SessionId;
    if (this.#ids.session(session) !== doctor) return undefined;
    return doctor.nextSlotOf(session, command.at, this.#rules.graceMinutes);
  }

  #doctorOf(id: DoctorId): Doctor {
    return found(this.#doctors.get(id), 'what belongs to a doctor has the doctor in memory');
  }

  #slotOf(id: SlotId): Slot {
    return found(this.#ids.slot(id), 'what belongs to a slot has the slot in memory');
  }

  #classOf(type: string): PatientClass {
    return found(this.#classes.get(type), 'a token has a class of the table');
  }

  #write(changes: readonly Change[]): void {
    for (const change of changes) this.apply(change);
  }

  #setDoctor(facts: DoctorFacts): Doctor {
    const doctor = this.#doctors.get(facts.id) ?? new Doctor(facts);
    for (const { id } of doctor.facts.sessions) this.#ids.removeSession(id);
    doctor.facts = facts;
    this.#doctors.set(facts.id, doctor);
    for (const { id } of facts.sessions) this.#ids.addSession(id, doctor);
    return doctor;
  }

  #setSlot(facts: SlotFacts): void {
    const doctor = this.#doctorOf(facts.doctorId);
    const known = this.#ids.slot(facts.id);
    const slot = known ?? new Slot(doctor, facts);
    if (known !== undefined) doctor.removeSlot(known);
    slot.revise(facts);
    invariant(slot.seatsLeft >= 0, 'a slot has room for those it seats (R1)');
    if (known === undefined) this.#ids.addSlot(slot);
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

const NO_CHANGES: readonly Change[] = [];

/** The usual command fills nothing: its changes need no copy. */
const withFilled = (filled: readonly Change[], changes: readonly Change[]): readonly Change[] =>
  filled.length === 0 ? changes : [...filled, ...changes];

const refuse = (code: PlainRefusalCode): { ok: false; refusal: EngineRefusal } => ({
  ok: false,
  refusal: { code },
});
