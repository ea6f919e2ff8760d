import {
  DEFAULT_CLASSES,
  EMERGENCY,
  NO_DESK_FACTS,
  type DeskFacts,
  type DoctorFacts,
  type EngineRules,
  type EpochMs,
  type LocalDate,
  type SlotFacts,
  type Status,
} from '../../../src/engine/index.ts';
import { found } from '../engine/clinic.ts';

// The reference model: the rules over one array of claims, which is sorted and filtered again for every question.

/** What a model starts with. */
export interface Clinic {
  readonly doctors: readonly DoctorFacts[];
  /** The actions name a slot by its place here. */
  readonly slots: readonly SlotFacts[];
  readonly rules: EngineRules;
}

/** A token of the model. A command replaces it by another one with the same id, so that copies of a model share it. */
export interface Claim {
  readonly id: string;
  readonly name: string;
  readonly patient: string | null;
  readonly bookedAt: EpochMs;
  readonly slot: string;
  readonly type: string;
  readonly arrival: number;
  readonly number: number;
  readonly status: Status;
  readonly hasCheckedIn: boolean;
  /** The room to which it was called last. */
  readonly room: string | null;
  /** The last change, and the status before it; null where no change can be taken back. */
  readonly last: { readonly kind: string; readonly from: Status | null };
}

/** A change record, with the facts that the engine's has. */
export interface ModelRecord {
  readonly kind: string;
  readonly tokenId?: string;
  readonly [fact: string]: unknown;
}

/** Why a command is refused, with the facts that the engine gives. */
export interface ModelRefusal {
  readonly code: string;
  readonly tokenId?: string;
  readonly from?: Status;
  readonly allowed?: readonly Status[];
  readonly allowedFrom?: number;
  readonly lastChange?: string;
  readonly count?: number;
}

/** The answer to a command: its change records, or its refusal. */
export type ModelAnswer =
  | { readonly changes: readonly ModelRecord[]; readonly refusal?: never }
  | { readonly refusal: ModelRefusal; readonly changes?: never };

const PRIORITIES = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

export const priorityOf = ({ type }: Claim): number => found(PRIORITIES.get(type));

/** Rank: priority descending, then arrival ascending. */
export const byRank = (a: Claim, b: Claim): number =>
  priorityOf(b) - priorityOf(a) || a.arrival - b.arrival;

/** R3's order of victims: the lowest priority, among equals first one who is not there, then the latest arrival. */
const byWeakness = (a: Claim, b: Claim): number =>
  priorityOf(a) - priorityOf(b) ||
  Number(a.status === 'CHECKED_IN') - Number(b.status === 'CHECKED_IN') ||
  b.arrival - a.arrival;

const isAbsent = ({ status }: Claim): boolean => status === 'BOOKED' || status === 'SKIPPED';

/** R3: one of strictly lower priority who is not there; an `EMERGENCY` may also bump a `CHECKED_IN` one. */
export const mayBump = (newcomer: Claim, seated: Claim): boolean =>
  priorityOf(seated) < priorityOf(newcomer) &&
  (isAbsent(seated) || (seated.status === 'CHECKED_IN' && newcomer.type === EMERGENCY));

/** The claims that fewer seats bump, in order (R12): who is not there first, but an emergency only by R3's order. */
function byBumpOrder(seated: readonly Claim[]): Claim[] {
  const isFirst = (claim: Claim) => isAbsent(claim) && claim.type !== EMERGENCY;
  const isSecond = (claim: Claim) =>
    !isFirst(claim) && (isAbsent(claim) || claim.status === 'CHECKED_IN');
  return [...seated.filter(isFirst).sort(byWeakness), ...seated.filter(isSecond).sort(byWeakness)];
}

/** The claims, slots and counters, and the rules that the commands use. */
export class Model {
  slots: ReadonlyMap<string, SlotFacts>;
  /** The live ones. */
  claims: readonly Claim[] = [];
  /** Those that are over. */
  over: readonly Claim[] = [];
  /** The ends of the doctors' breaks. */
  breaks: ReadonlyMap<string, EpochMs | null> = new Map<string, EpochMs | null>();
  readonly #clinic: Clinic;
  #counts: ReadonlyMap<string, number>;
  #records: readonly ModelRecord[] = [];
  #at: EpochMs;

  /** @param versions the number of changes of each doctor */
  constructor(clinic: Clinic, versions: ReadonlyMap<string, number>, at: EpochMs) {
    this.#clinic = clinic;
    this.slots = new Map(clinic.slots.map((slot) => [slot.id, slot]));
    this.#counts = new Map([...versions].map(([doctor, count]) => [`version ${doctor}`, count]));
    this.#at = at;
  }

  /** A model with the same state, which later commands on either one do not share. */
  copy(): Model {
    return new Model(this.#clinic, new Map(), this.#at).#resetTo(this);
  }

  /** The slot that an action names by its place. */
  slotAt(place: number): SlotFacts {
    return found(this.slots.get(found(this.#clinic.slots[place]).id));
  }

  /** The doctor that an action names by its place. */
  doctorAt(place: number): DoctorFacts {
    return found(this.#clinic.doctors[place]);
  }

  roomsOf(doctor: string): number {
    return found(this.#clinic.doctors.find(({ id }) => id === doctor)).rooms;
  }

  /** Runs a command at this instant. */
  recorded(at: EpochMs, command: () => ModelRefusal | undefined): ModelAnswer {
    this.#at = at;
    this.#records = [];
    const refusal = command();
    return refusal === undefined ? { changes: this.#records } : { refusal };
  }

  /** Takes back everything that a part of a command did when its result is undefined. */
  attempt(part: () => Claim | undefined): Claim | undefined {
    const before = this.copy();
    const result = part();
    if (result === undefined) this.#resetTo(before);
    return result;
  }

  /** A claim that is live or over. */
  anyClaim(id: string): Claim | undefined {
    return [...this.claims, ...this.over].find((claim) => claim.id === id);
  }

  claim(id: string): Claim | undefined {
    return this.claims.find((claim) => claim.id === id);
  }

  slotOf(claim: Claim): SlotFacts {
    return found(this.slots.get(claim.slot));
  }

  /** The slots of a doctor in time order. */
  slotsOf(doctor: string): SlotFacts[] {
    const slots = [...this.slots.values()].filter(({ doctorId }) => doctorId === doctor);
    return slots.sort((a, b) => a.startTime - b.startTime);
  }

  /** The claims of a slot, best rank first. */
  claimsIn({ id }: SlotFacts): Claim[] {
    return this.claims.filter(({ slot }) => slot === id).sort(byRank);
  }

  seated(slot: SlotFacts): Claim[] {
    return this.claimsIn(slot).filter(({ status }) => status !== 'WAITING');
  }

  waiting(slot: SlotFacts): Claim[] {
    return this.claimsIn(slot).filter(({ status }) => status === 'WAITING');
  }

  /** A delay moves the start of a slot that has not begun; a slot that has begun keeps its start. */
  delayed(slot: SlotFacts, delayMinutes: number): SlotFacts {
    const hasBegun = this.#at >= slot.startTime + slot.startDelayMinutes * 60_000;
    const startDelayMinutes = hasBegun ? slot.startDelayMinutes : delayMinutes;
    return { ...slot, delayMinutes, startDelayMinutes };
  }

  hasEnded({ endTime, delayMinutes }: SlotFacts): boolean {
    return this.#at >= endTime + (delayMinutes + this.#clinic.rules.graceMinutes) * 60_000;
  }

  isOpen(slot: SlotFacts): boolean {
    return slot.closedReason === null && !this.hasEnded(slot);
  }

  /** Whether the slot's day is over and the slot ended at least four hours ago. */
  isPast(slot: SlotFacts, today: LocalDate): boolean {
    const minutes = slot.delayMinutes + this.#clinic.rules.graceMinutes + 240;
    return slot.date < today && this.#at >= slot.endTime + minutes * 60_000;
  }

  next(counter: string): number {
    const count = this.countOf(counter) + 1;
    this.#counts = new Map(this.#counts).set(counter, count);
    return count;
  }

  /** The last value of a counter; 0 when it has none. */
  countOf(counter: string): number {
    return this.#counts.get(counter) ?? 0;
  }

  /** The claim that the newcomer bumps in a full slot (R3). */
  victimOf(newcomer: Claim, slot: SlotFacts): Claim | undefined {
    const bumpable = this.seated(slot).filter((seated) => mayBump(newcomer, seated));
    return bumpable.sort(byWeakness)[0];
  }

  hasFreeSeat(slot: SlotFacts): boolean {
    return this.seated(slot).length < slot.capacity;
  }

  /** Why a slot takes no newcomer like this one (R4, R11, R23). */
  refusalOf(newcomer: Claim, slot: SlotFacts): ModelRefusal | undefined {
    if (this.hasEnded(slot)) return { code: 'slot_ended' };
    if (slot.closedReason !== null) return { code: 'slot_closed' };
    const wouldWait = !this.hasFreeSeat(slot) && this.victimOf(newcomer, slot) === undefined;
    const isFull = this.waiting(slot).length >= this.#clinic.rules.waitlistMax;
    if (wouldWait && isFull) return { code: 'waitlist_full' };
    const isTaken =
      slot.intake === 'ALL' || (slot.intake === 'EMERGENCY' && newcomer.type === EMERGENCY);
    return isTaken ? undefined : { code: 'intake_closed' };
  }

  /** Puts a newcomer on a free seat, on the victim's seat or on the waitlist (R2-R4). */
  land(kind: 'booked' | 'moved_in', newcomer: Claim): void {
    const slot = this.slotOf(newcomer);
    this.makeRoom(newcomer, slot);
    const status = this.hasFreeSeat(slot) ? seatOf(newcomer) : 'WAITING';
    this.#put({ ...newcomer, status, room: null, last: { kind, from: null } });
    const { id: tokenId, slot: slotId, name, patient, type, ...rest } = newcomer;
    const { arrival, number, bookedAt, hasCheckedIn } = rest;
    const facts = { arrival, number, bookedAt, hasCheckedIn, priority: priorityOf(newcomer) };
    const patientFacts = { patientName: name, patientId: patient, patientType: type };
    this.#record(slot.doctorId, { kind, tokenId, slotId, ...patientFacts, ...facts, to: status });
  }

  /** In a full slot the newcomer bumps the weakest claim that it may bump (R3). */
  makeRoom(newcomer: Claim, slot: SlotFacts): void {
    const victim = this.hasFreeSeat(slot) ? undefined : this.victimOf(newcomer, slot);
    if (victim !== undefined) this.transition(victim, 'bumped', 'WAITING', newcomer.id);
  }

  /** R5: while a seat is free in an open slot, the first waiting claim gets it. */
  fill(slot: SlotFacts, cause: string | null): void {
    for (const waiter of this.waiting(slot))
      if (this.isOpen(slot) && this.hasFreeSeat(slot))
        this.transition(waiter, 'promoted', seatOf(waiter), cause);
  }

  /** R8: the first waiting claim that may bump a seated one does so. In an ended slot all of them expire instead (R11). */
  restoreOrder(slot: SlotFacts): void {
    if (slot.closedReason !== null) return;
    const waiter = this.waiting(slot).find((each) => this.victimOf(each, slot) !== undefined);
    if (waiter === undefined) return;
    if (this.hasEnded(slot)) {
      this.expireWaiting(slot);
      return;
    }
    const victim = found(this.victimOf(waiter, slot));
    this.transition(victim, 'bumped', 'WAITING', waiter.id);
    this.transition(waiter, 'promoted', seatOf(waiter), victim.id);
    this.restoreOrder(slot);
  }

  /** R11: the waiting claims of a slot that has ended are over. */
  expireWaiting(slot: SlotFacts): void {
    for (const claim of this.waiting(slot)) this.transition(claim, 'expired', 'EXPIRED');
  }

  /** R12: sets the seats; claims beyond the capacity are bumped, waiting claims get new seats. */
  resize(slot: SlotFacts): void {
    const over = this.seated(slot).length - slot.capacity;
    if (over > 0)
      for (const claim of byBumpOrder(this.seated(slot)).slice(0, over))
        this.transition(claim, 'bumped', 'WAITING');
    this.revise(slot);
    this.fill(slot, null);
  }

  revise(slot: SlotFacts): void {
    const isSame = JSON.stringify(slot) === JSON.stringify(this.slots.get(slot.id));
    this.slots = new Map(this.slots).set(slot.id, slot);
    if (!isSame) this.#record(slot.doctorId, { kind: 'slot_set', slot });
  }

  /** Changes the status of a claim. */
  transition(claim: Claim, kind: string, to: Status, cause: string | null = null): void {
    this.#step(claim, kind, to, { cause, ...NO_DESK_FACTS });
  }

  /** Checks a claim in on this date (R20). */
  checkIn(claim: Claim, today: LocalDate): void {
    this.#step(claim, 'checked_in', 'CHECKED_IN', { cause: null, ...NO_DESK_FACTS, today });
  }

  /** Calls a claim to a room; the desk facts say whether it was by a call for the next patient. */
  start(claim: Claim, desk: DeskFacts): void {
    const { room } = desk;
    this.#step({ ...claim, room }, 'started', 'IN_CONSULTATION', { cause: null, ...desk });
  }

  #step(claim: Claim, kind: string, to: Status, facts: object): void {
    this.#put({ ...inStatus(claim, to), last: { kind, from: claim.status } });
    this.recordOf(claim, { kind, from: claim.status, to, ...facts });
  }

  /** Gives a claim another name and patient. It can be undone as before. */
  correct(claim: Claim, name: string, patient: string | null): void {
    if (name === claim.name && patient === claim.patient) return;
    const patientFacts = { patientName: name, patientId: patient };
    this.recordOf(claim, { kind: 'corrected', from: claim.status, ...patientFacts });
    this.#put({ ...claim, name, patient });
  }

  /** Gives a claim another class. */
  reclassify(claim: Claim, type: string): void {
    const [kind, from] = ['reclassified', claim.status] as const;
    const reclassified = { ...claim, type, last: { kind, from } };
    this.#put(reclassified);
    const priority = priorityOf(reclassified);
    this.recordOf(claim, { kind, from, patientType: type, priority });
  }

  /** Takes the last change of a claim back (R22). */
  undo(claim: Claim, to: Status): void {
    this.#put({ ...inStatus(claim, to), last: { kind: 'undone', from: null } });
    this.recordOf(claim, { kind: 'undone', from: claim.status, to, undone: claim.last.kind });
  }

  setBreak(doctor: string, until: EpochMs | null): void {
    if (until === (this.breaks.get(doctor) ?? null)) return;
    this.breaks = new Map(this.breaks).set(doctor, until);
    this.#record(doctor, { kind: 'break_set', until });
  }

  remove({ id }: Claim): void {
    this.claims = this.claims.filter((other) => other.id !== id);
    this.over = this.over.filter((other) => other.id !== id);
  }

  recordOf(claim: Claim, change: ModelRecord): void {
    const record = { tokenId: claim.id, slotId: claim.slot, ...change };
    this.#record(this.slotOf(claim).doctorId, record);
  }

  /** Puts a claim in the place of the claim with the same id, if there is one. */
  #put(claim: Claim): void {
    this.remove(claim);
    if (isOver(claim.status)) this.over = [...this.over, claim];
    else this.claims = [...this.claims, claim];
  }

  #resetTo(other: Model): this {
    this.slots = other.slots;
    this.claims = other.claims;
    this.over = other.over;
    this.breaks = other.breaks;
    this.#counts = other.#counts;
    this.#records = other.#records;
    return this;
  }

  #record(doctorId: string, change: ModelRecord): void {
    const envelope = { doctorId, version: this.next(`version ${doctorId}`), at: this.#at };
    this.#records = [...this.#records, { ...envelope, ...change, ...this.#placeOf(change) }];
  }

  /** The place on the waitlist that a change leaves its claim at; a waiting claim that bumps it leaves the waitlist. */
  #placeOf({ kind, tokenId, cause }: ModelRecord): object {
    const claim = this.claims.find(({ id }) => id === tokenId);
    if (claim?.status !== 'WAITING' || kind === 'corrected' || kind === 'moved_out') return {};
    const others = this.waiting(this.slotOf(claim)).filter(({ id }) => id !== cause);
    return { waitlistPosition: others.indexOf(claim) + 1 };
  }
}

const seatOf = ({ hasCheckedIn }: Claim): Status => (hasCheckedIn ? 'CHECKED_IN' : 'BOOKED');

const isOver = (status: Status): boolean => ['CANCELLED', 'NO_SHOW', 'EXPIRED'].includes(status);

/** A claim that waits or is over keeps what was so before: a check-in counts when the token gets a seat again. */
function inStatus(claim: Claim, status: Status): Claim {
  const isKept = isOver(status) || status === 'WAITING';
  const isPresent = status !== 'BOOKED' && status !== 'SKIPPED';
  return { ...claim, status, hasCheckedIn: isKept ? claim.hasCheckedIn : isPresent };
}
