import {
  lastChange,
  lastChangeAfter,
  type Change,
  type TokenChange,
  type TokenCorrected,
  type TokenEntered,
  type TokenFacts,
  type TokenReclassified,
  type TokenTransition,
  type TokenUndone,
} from './change.ts';
import { Doctor } from './doctor.ts';
import type { DoctorFacts, DoctorSnapshot } from './doctor-facts.ts';
import type { DoctorId, LocalDate, LocalInstant, SlotId, TokenId } from './ids.ts';
import { found, invariant } from './invariant.ts';
import { EngineLookup } from './lookup.ts';
import type { RestoredToken } from './restored-token.ts';
import { Slot, type Token } from './slot.ts';
import type { SlotFacts } from './slot-facts.ts';
import { isLive, presenceAt } from './status.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * The doctors, the slots with their lines, and the index of tokens. `apply` is the only writer: the state is what the
 * applied changes and the restored snapshots give (R16).
 */
export class EngineState extends EngineLookup {
  /** In a dry run, what rolls back each applied change, in the order of the changes; null outside a dry run. */
  #inverses: (() => void)[] | null = null;

  /**
   * Applies one change. Commands, restore and replay all write the engine's state through this method.
   * @throws InvariantError when the change does not follow from the state, for example when it oversells a slot (R1)
   */
  apply(change: Change): void {
    const before = this.doctorsById.get(change.doctorId)?.version ?? 0;
    invariant(change.version === before + 1, "a doctor's changes are applied one after another");
    this.#inverses?.push(this.#inverseOf(change));
    switch (change.kind) {
      case 'doctor_set':
        this.#setDoctor(change.doctor);
        break;
      case 'slot_set':
        this.#setSlot(change.slot);
        break;
      case 'break_set':
        this.#doctorOf(change.doctorId).breakUntil = change.until;
        break;
      case 'booked':
      case 'moved_in':
        this.#enter(change);
        break;
      case 'moved_out':
        this.#removeToken(this.#expectToken(change.tokenId, change.from));
        break;
      case 'reclassified':
        this.#reclassify(change);
        break;
      case 'corrected':
        this.#correct(change);
        break;
      default:
        this.#transition(change);
    }
    this.#doctorOf(change.doctorId).version = change.version;
  }

  /**
   * Runs a command, returns what `run` makes of it, and rolls all its changes back, the latest first. The state is then
   * what it was before. The time that this takes grows with the changes of the command, not with the state.
   * @param run must not return objects of the engine, because they are as before the command when it has returned
   */
  dryRun<T>(run: () => T): T {
    invariant(this.#inverses === null, 'a dry run does not begin another one');
    const inverses: (() => void)[] = [];
    this.#inverses = inverses;
    try {
      return run();
    } finally {
      this.#inverses = null;
      for (const rollBack of inverses.reverse()) rollBack();
    }
  }

  /** Adds a doctor from a store's snapshot, without slots. */
  restoreDoctor({ facts, version, lastArrival, lastNumbers, breakUntil }: DoctorSnapshot): void {
    const doctor = this.#setDoctor(facts);
    doctor.version = version;
    doctor.lastArrival = lastArrival;
    doctor.breakUntil = breakUntil;
    this.restoreNumbers(facts.id, lastNumbers);
  }

  /** Restores day counters of a doctor in memory. A counter in memory that is ahead of the store's stays (R10). */
  restoreNumbers(id: DoctorId, lastNumbers: DoctorSnapshot['lastNumbers']): void {
    const doctor = this.#doctorOf(id);
    for (const [date, number] of lastNumbers) {
      const day = doctor.day(date);
      day.lastNumber = Math.max(day.lastNumber, number);
    }
  }

  /**
   * Adds a slot of a doctor in memory, with its tokens, those that are over included.
   * @param lastNumber the number printed last on the slot's day
   */
  restoreSlot(facts: SlotFacts, tokens: readonly RestoredToken[], lastNumber = 0): void {
    this.#setSlot(facts);
    for (const token of tokens) this.#addToken(token, token.status, token.room, token.last);
    const { day } = this.#slotOf(facts.id);
    day.lastNumber = Math.max(day.lastNumber, lastNumber);
  }

  /** Records that memory has everything of a doctor that `completeFrom` promises from this instant on. */
  setComplete(id: DoctorId, from: LocalInstant): void {
    this.#doctorOf(id).completeFrom = from;
  }

  /**
   * Whether memory may lack slots of a doctor that are not past at this instant. The clock was set back, or the doctor
   * moved to a time zone in which it is still the day before, since these slots were evicted.
   */
  isIncomplete(id: DoctorId, { at, today }: LocalInstant): boolean {
    const from = this.doctorsById.get(id)?.completeFrom ?? null;
    return from !== null && (at < from.at || today < from.today);
  }

  /** The slots of a doctor that can be evicted: they are past and no token waits in them. */
  evictableSlots(id: DoctorId, { at, today }: LocalInstant): Slot[] {
    const slots = this.doctorsById.get(id)?.slots ?? [];
    // Slots are sorted by day, so usually the first slot is of today.
    const first = slots.findIndex(({ facts }) => facts.date >= today);
    return slots
      .slice(0, first === -1 ? slots.length : first)
      .filter((slot) => slot.waiting === 0 && this.isPast(slot.facts, today, at));
  }

  /**
   * Evicts from memory what is past at this instant. The doctor remembers the instant, so that `isIncomplete` tells
   * when the store must restore something of it.
   * @param firstDay the first date whose day counter stays in memory in any case
   */
  evictPast(id: DoctorId, now: LocalInstant, firstDay: LocalDate): void {
    const doctor = this.#doctorOf(id);
    for (const slot of this.evictableSlots(id, now)) this.evictSlot(slot);
    doctor.evictDaysBefore(firstDay);
    const { at, today } = doctor.completeFrom ?? now;
    doctor.completeFrom = {
      at: now.at > at ? now.at : at,
      today: now.today > today ? now.today : today,
    };
  }

  /** Evicts a slot and its tokens from memory. They can be read from the store. */
  evictSlot(slot: Slot): void {
    for (const token of [...slot.tokens(), ...slot.over()]) this.#removeToken(token);
    this.ids.removeSlot(slot);
    this.#doctorOf(slot.facts.doctorId).removeSlot(slot);
  }

  /** Evicts a doctor with all slots and tokens from memory. */
  evictDoctor(id: DoctorId): void {
    const doctor = this.doctorsById.get(id);
    if (doctor === undefined) return;
    for (const slot of [...doctor.slots]) this.evictSlot(slot);
    for (const session of doctor.facts.sessions) this.ids.removeSession(session.id, doctor);
    this.doctorsById.delete(id);
  }

  /** What rolls back a change that is about to be applied. */
  #inverseOf(change: Change): () => void {
    const doctor = this.doctorsById.get(change.doctorId);
    if (doctor === undefined) return () => this.evictDoctor(change.doctorId);
    const { version, lastArrival, breakUntil } = doctor;
    const rollBack = this.#inverseIn(doctor, change);
    return () => {
      rollBack();
      doctor.version = version;
      doctor.lastArrival = lastArrival;
      doctor.breakUntil = breakUntil;
    };
  }

  #inverseIn({ facts }: Doctor, change: Change): () => void {
    switch (change.kind) {
      case 'doctor_set':
        return () => this.#setDoctor(facts);
      case 'slot_set':
        return this.#inverseOfSlot(change.slot.id);
      case 'break_set':
        return () => undefined;
      default:
        return this.#inverseOfToken(change);
    }
  }

  #inverseOfSlot(id: SlotId): () => void {
    const before = this.ids.slot(id)?.facts;
    return before === undefined
      ? () => this.evictSlot(this.#slotOf(id))
      : () => this.#setSlot(before);
  }

  #inverseOfToken({ tokenId, slotId }: TokenChange): () => void {
    const { day } = this.#slotOf(slotId);
    const { lastNumber } = day;
    const token = this.tokensById.get(tokenId);
    const before = token && { ...token };
    return () => {
      const after = this.tokensById.get(tokenId);
      if (after !== undefined) this.#removeToken(after);
      if (token !== undefined && before !== undefined) this.#putBack(token, before);
      day.lastNumber = lastNumber;
    };
  }

  /** Puts a token back where it was, live or over, as it was before. */
  #putBack(token: Token, before: Token): void {
    Object.assign(token, before);
    this.tokensById.set(token.id, token);
    this.patients.add(token);
    this.#place(token);
  }

  #doctorOf(id: DoctorId): Doctor {
    return found(this.doctorsById.get(id), 'a change of a doctor finds the doctor in memory');
  }

  #slotOf(id: SlotId): Slot {
    return found(this.ids.slot(id), 'a change of a slot finds the slot in memory');
  }

  #setDoctor(facts: DoctorFacts): Doctor {
    const doctor = this.doctorsById.get(facts.id) ?? new Doctor(facts);
    for (const { id } of doctor.facts.sessions) this.ids.removeSession(id, doctor);
    doctor.facts = facts;
    this.doctorsById.set(facts.id, doctor);
    for (const { id } of facts.sessions) this.ids.addSession(id, doctor);
    return doctor;
  }

  #setSlot(facts: SlotFacts): void {
    const doctor = this.#doctorOf(facts.doctorId);
    const known = this.ids.slot(facts.id);
    const slot = known ?? new Slot(doctor, facts);
    if (known !== undefined) doctor.removeSlot(known);
    slot.revise(facts);
    invariant(slot.seatsLeft >= 0, 'a slot has no fewer seats than seated tokens (R1)');
    if (known === undefined) this.ids.addSlot(slot);
    doctor.addSlot(slot);
  }

  #enter(change: TokenEntered): void {
    this.#addToken(change, change.to, null, lastChange(change.kind, null));
  }

  #addToken(
    facts: Omit<TokenFacts, 'to'>,
    status: RestoredToken['status'],
    room: RestoredToken['room'],
    last: RestoredToken['last'],
  ): void {
    const slot = this.#slotOf(facts.slotId);
    const token: Token = {
      id: facts.tokenId,
      slot,
      patientName: facts.patientName,
      patientId: facts.patientId,
      patientClass: this.classes.withPriority(facts.patientType, facts.priority),
      arrival: facts.arrival,
      number: facts.number,
      bookedAt: facts.bookedAt,
      status,
      hasCheckedIn: facts.hasCheckedIn,
      room,
      last,
    };
    const { doctor, day } = slot;
    doctor.lastArrival = Math.max(doctor.lastArrival, facts.arrival);
    day.lastNumber = Math.max(day.lastNumber, facts.number);
    const sizeBefore = this.tokensById.size;
    this.tokensById.set(token.id, token);
    invariant(this.tokensById.size > sizeBefore, 'a token has one place in one slot');
    this.patients.add(token);
    this.#place(token);
  }

  /** Puts a token where its status belongs: in the slot's line, or among those that are over. */
  #place(token: Token): void {
    const { slot, status } = token;
    if (!isLive(status)) {
      slot.addOver(token);
      return;
    }
    slot.addToken(token, status);
    invariant(slot.seatsLeft >= 0, 'a slot never seats more than its capacity (R1)');
  }

  /** Takes a token from where its status belongs. */
  #unplace(token: Token): void {
    if (isLive(token.status)) token.slot.removeToken(token, token.status);
    else token.slot.removeOver(token);
  }

  #removeToken(token: Token): void {
    this.patients.remove(token);
    this.#unplace(token);
    this.tokensById.delete(token.id);
  }

  #expectToken(id: TokenId, from: Token['status']): Writable<Token> {
    const token = found(this.tokensById.get(id), 'a change of a token finds the token in memory');
    invariant(token.status === from, 'a change starts from the status the token has');
    return token;
  }

  #reclassify(change: TokenReclassified): void {
    const token = this.#expectToken(change.tokenId, change.from);
    this.#unplace(token);
    token.patientClass = this.classes.withPriority(change.patientType, change.priority);
    token.last = lastChangeAfter(change) ?? token.last;
    this.#place(token);
  }

  #correct({ tokenId, from, patientName, patientId }: TokenCorrected): void {
    const token = this.#expectToken(tokenId, from);
    token.patientName = patientName;
    this.patients.remove(token);
    token.patientId = patientId;
    this.patients.add(token);
  }

  #transition(change: TokenTransition | TokenUndone): void {
    const token = this.#expectToken(change.tokenId, change.from);
    // The index of patients only tells whether a token is live, and most changes leave that as it is.
    const changesLiveness = isLive(change.from) !== isLive(change.to);
    if (changesLiveness) this.patients.remove(token);
    this.#unplace(token);
    token.status = change.to;
    token.hasCheckedIn = presenceAt(change.to) ?? token.hasCheckedIn;
    if (change.kind === 'started') token.room = change.room;
    token.last = lastChangeAfter(change) ?? token.last;
    this.#place(token);
    if (changesLiveness) this.patients.add(token);
  }
}
