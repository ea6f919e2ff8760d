import type { Change, TokenFacts, TokenReclassified, TokenTransition } from './change.ts';
import type { DoctorSnapshot, EngineRules } from './command.ts';
import { Doctor, type DoctorFacts } from './doctor.ts';
import type { DoctorId, EpochMs, LocalDate, SessionId, SlotId, TokenId } from './ids.ts';
import { found, invariant } from './invariant.ts';
import { Namespace } from './namespace.ts';
import { EMERGENCY, type PatientClass } from './patient-class.ts';
import { endsAt, Slot, type SlotFacts } from './slot.ts';
import { isLive, impliesCheckIn } from './status.ts';
import type { Token } from './token.ts';

/** How long after its end a slot of the day before is still worked in. */
const AFTER_HOURS_MS = 4 * 3_600_000;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * The doctor map, the token index and the slots with their lines, and `apply`, the only writer of them: the state is
 * the fold of its changes, or what a store restored of it, and nothing else.
 */
export class EngineState {
  readonly rules: EngineRules;
  readonly #classes: Map<string, PatientClass>;
  readonly #doctors = new Map<DoctorId, Doctor>();
  readonly #ids = new Namespace();
  readonly #tokens = new Map<TokenId, Token>();

  constructor(rules: EngineRules) {
    // With a class above it, a token that cannot bump a checked-in patient would outrank one that can (R3, R8).
    const top = rules.classes.toSorted((a, b) => b.priority - a.priority)[0];
    invariant(top?.type === EMERGENCY, 'EMERGENCY is the highest class');
    this.rules = rules;
    this.#classes = new Map(rules.classes.map((patientClass) => [patientClass.type, patientClass]));
  }

  get doctors(): Iterable<Doctor> {
    return this.#doctors.values();
  }

  /** Every id that a slot or a session has. */
  get ids(): Namespace {
    return this.#ids;
  }

  doctor(id: DoctorId): Doctor | undefined {
    return this.#doctors.get(id);
  }

  slot(id: SlotId): Slot | undefined {
    return this.#ids.slot(id);
  }

  /**
   * The slot that an id means: its own, or the next one of a session that still takes bookings.
   * @param after of a session, only slots behind this one are meant
   */
  resolveSlot(id: SlotId, at: EpochMs, after?: Slot): Slot | undefined {
    const slot = this.#ids.slot(id);
    if (slot !== undefined) return slot;
    // A session id is an alias: slots and sessions share one namespace.
    const session = id as string as SessionId;
    return this.#ids
      .session(session)
      ?.nextSlotOfSession(session, at, this.rules.graceMinutes, after);
  }

  /** The doctor of a session, whose id is an alias for one of its slots. */
  sessionDoctor(id: SlotId | SessionId): Doctor | undefined {
    return this.#ids.session(id as SessionId);
  }

  /** A live token of a slot in memory. */
  token(id: TokenId): Token | undefined {
    return this.#tokens.get(id);
  }

  /** Live tokens of the slots in memory. */
  get tokens(): Iterable<Token> {
    return this.#tokens.values();
  }

  /** Whether a slot takes no booking any more, and promotes nobody, by time alone (R11). */
  hasEnded(slot: Slot, at: EpochMs): boolean {
    return at >= endsAt(slot.facts, this.rules.graceMinutes);
  }

  /**
   * Whether a slot is over and its day too: the day's work goes on in a slot that has only ended, and that of an
   * evening goes on past midnight.
   */
  isPast(slot: SlotFacts, today: LocalDate, at: EpochMs): boolean {
    return slot.date < today && at >= endsAt(slot, this.rules.graceMinutes) + AFTER_HOURS_MS;
  }

  /** The class of this name in the table. */
  classOf(type: string): PatientClass {
    return found(this.#classes.get(type), 'a command names a class of the table');
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
      case 'moved_in':
        this.#addToken(change);
        break;
      case 'moved_out':
        this.#removeToken(this.#expectToken(change.tokenId, change.from));
        break;
      case 'reclassified':
        this.#reclassify(change);
        break;
      default:
        this.#transition(change);
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
  restoreSlot(facts: SlotFacts, tokens: readonly TokenFacts[], lastNumber = 0): void {
    this.#setSlot(facts);
    for (const token of tokens) this.#addToken(token);
    const { day } = this.#slotOf(facts.id);
    day.lastNumber = Math.max(day.lastNumber, lastNumber);
  }

  /** Forgets a slot and its tokens: what is over is read from the store. */
  evictSlot(slot: Slot): void {
    for (const token of slot.tokens()) this.#removeToken(token);
    this.#ids.removeSlot(slot);
    slot.doctor.removeSlot(slot);
  }

  /** Forgets a doctor with all slots and tokens, as if never restored. */
  evictDoctor(id: DoctorId): void {
    const doctor = this.#doctors.get(id);
    if (doctor === undefined) return;
    for (const slot of [...doctor.slots]) this.evictSlot(slot);
    for (const session of doctor.facts.sessions) this.#ids.removeSession(session.id, doctor);
    this.#doctors.delete(id);
  }

  /** Brings a doctor, as far as known here, and all that is the doctor's into another engine. */
  copyDoctor(id: DoctorId, to: EngineState): void {
    const doctor = this.#doctors.get(id);
    if (doctor === undefined) return;
    to.restoreDoctor(doctor.snapshot());
    for (const slot of doctor.slots) to.restoreSlot(slot.facts, slot.tokens().map(tokenFactsOf));
  }

  #doctorOf(id: DoctorId): Doctor {
    return found(this.#doctors.get(id), 'what belongs to a doctor has the doctor in memory');
  }

  #slotOf(id: SlotId): Slot {
    return found(this.#ids.slot(id), 'what belongs to a slot has the slot in memory');
  }

  /** A token's own class: of the table, or as the table was when the token got it. */
  #classWithPriority(type: string, priority: number): PatientClass {
    const current = this.#classes.get(type);
    if (current?.priority === priority) return current;
    // No class of a table has such a name.
    const name = `${type} ${priority}`;
    const kept = this.#classes.get(name) ?? { type, priority };
    this.#classes.set(name, kept);
    return kept;
  }

  #setDoctor(facts: DoctorFacts): Doctor {
    const doctor = this.#doctors.get(facts.id) ?? new Doctor(facts);
    for (const { id } of doctor.facts.sessions) this.#ids.removeSession(id, doctor);
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

  #addToken(facts: TokenFacts): void {
    const slot = this.#slotOf(facts.slotId);
    const token: Token = {
      id: facts.tokenId,
      slot,
      patientName: facts.patientName,
      patientId: facts.patientId,
      patientClass: this.#classWithPriority(facts.patientType, facts.priority),
      arrival: facts.arrival,
      number: facts.number,
      bookedAt: facts.bookedAt,
      status: facts.to,
      hasCheckedIn: facts.hasCheckedIn,
    };
    const { doctor, day } = slot;
    doctor.lastArrival = Math.max(doctor.lastArrival, facts.arrival);
    day.lastNumber = Math.max(day.lastNumber, facts.number);
    const before = this.#tokens.size;
    this.#tokens.set(token.id, token);
    invariant(this.#tokens.size > before, 'a token has one place');
    slot.addToken(token, facts.to);
    invariant(slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
  }

  #removeToken(token: Token): void {
    invariant(isLive(token.status), 'a token in a slot is live');
    token.slot.removeToken(token, token.status);
    this.#tokens.delete(token.id);
  }

  #expectToken(id: TokenId, from: Token['status']): Writable<Token> {
    const token = found(this.#tokens.get(id), 'a token that changes is in memory');
    invariant(token.status === from, 'a change starts from the status the token has');
    return token;
  }

  #reclassify({ tokenId, from, patientType, priority }: TokenReclassified): void {
    const token = this.#expectToken(tokenId, from);
    token.slot.removeToken(token, from);
    token.patientClass = this.#classWithPriority(patientType, priority);
    token.slot.addToken(token, from);
  }

  #transition(change: TokenTransition): void {
    const token = this.#expectToken(change.tokenId, change.from);
    token.slot.removeToken(token, change.from);
    token.status = change.to;
    token.hasCheckedIn ||= impliesCheckIn(change.to);
    if (isLive(change.to)) {
      token.slot.addToken(token, change.to);
      invariant(token.slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
    } else this.#tokens.delete(token.id);
  }
}

const tokenFactsOf = ({ id, slot, patientClass, status, ...token }: Token): TokenFacts => {
  invariant(isLive(status), 'a token in a slot is live');
  const { type: patientType, priority } = patientClass;
  return { ...token, tokenId: id, slotId: slot.facts.id, patientType, priority, to: status };
};
