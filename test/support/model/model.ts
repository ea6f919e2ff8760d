import {
  DEFAULT_CLASSES,
  EMERGENCY,
  type EpochMs,
  type LocalDate,
  type SlotFacts,
  type Status,
} from '../../../src/engine/index.ts';
import { found } from '../engine/clinic.ts';
import { HISTORY_RULES } from './history.ts';

// The reference: the words of the rules over one array of claims, sorted and filtered anew at every question.

/** A token, as the rules see it. One that is over is taken off the array. */
export interface Claim {
  readonly id: string;
  readonly patient: string | null;
  readonly bookedAt: EpochMs;
  slot: string;
  type: string;
  arrival: number;
  number: number;
  status: Status;
  hasCheckedIn: boolean;
}

const PRIORITIES = new Map(DEFAULT_CLASSES.map(({ type, priority }) => [type, priority]));

export const priorityOf = ({ type }: Claim): number => found(PRIORITIES.get(type));

/** Rank: priority descending, then arrival ascending. */
export const byRank = (a: Claim, b: Claim): number =>
  priorityOf(b) - priorityOf(a) || a.arrival - b.arrival;

/** R3's order of victims: the lowest priority, among equals first one not yet checked in, then the latest arrival. */
const byWeakness = (a: Claim, b: Claim): number =>
  priorityOf(a) - priorityOf(b) ||
  Number(a.status === 'CHECKED_IN') - Number(b.status === 'CHECKED_IN') ||
  b.arrival - a.arrival;

/** R3: a `BOOKED` token of strictly lower priority; an `EMERGENCY` may also bump a `CHECKED_IN` one. */
export const mayBump = (newcomer: Claim, seated: Claim): boolean =>
  priorityOf(seated) < priorityOf(newcomer) &&
  (seated.status === 'BOOKED' || (seated.status === 'CHECKED_IN' && newcomer.type === EMERGENCY));

/** Who gives way when seats become fewer (R12), in order: `BOOKED` first, but an emergency only by R3's order. */
function givingWay(seated: readonly Claim[]): Claim[] {
  const isFirst = ({ status, type }: Claim) => status === 'BOOKED' && type !== EMERGENCY;
  const isSecond = (claim: Claim) =>
    !isFirst(claim) && (claim.status === 'BOOKED' || claim.status === 'CHECKED_IN');
  return [...seated.filter(isFirst).sort(byWeakness), ...seated.filter(isSecond).sort(byWeakness)];
}

/** The claims, slots and counters, and the rules that every command is made of. */
export class Model {
  readonly slots: Map<string, SlotFacts>;
  claims: Claim[] = [];
  readonly #counts: Map<string, number>;
  #records: object[] = [];
  #at: EpochMs;

  constructor(slots: readonly SlotFacts[], versions: ReadonlyMap<string, number>, at: EpochMs) {
    this.slots = new Map(slots.map((slot) => [slot.id, slot]));
    this.#counts = new Map([...versions].map(([doctor, count]) => [`version ${doctor}`, count]));
    this.#at = at;
  }

  /** The change records of what is done in `command`, at this instant. */
  recorded(at: EpochMs, command: () => object | undefined): object {
    this.#at = at;
    this.#records = [];
    const refusal = command();
    return refusal === undefined ? { changes: this.#records } : { refusal };
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

  in({ id }: SlotFacts): Claim[] {
    return this.claims.filter(({ slot }) => slot === id).sort(byRank);
  }

  seated(slot: SlotFacts): Claim[] {
    return this.in(slot).filter(({ status }) => status !== 'WAITING');
  }

  waiting(slot: SlotFacts): Claim[] {
    return this.in(slot).filter(({ status }) => status === 'WAITING');
  }

  hasEnded({ endTime, delayMinutes }: SlotFacts): boolean {
    return this.#at >= endTime + (delayMinutes + HISTORY_RULES.graceMinutes) * 60_000;
  }

  isOpen(slot: SlotFacts): boolean {
    return slot.closedReason === null && !this.hasEnded(slot);
  }

  /** A day that is over, and its slot for four hours. */
  isPast(slot: SlotFacts, today: LocalDate): boolean {
    const minutes = slot.delayMinutes + HISTORY_RULES.graceMinutes + 240;
    return slot.date < today && this.#at >= slot.endTime + minutes * 60_000;
  }

  next(counter: string): number {
    const count = (this.#counts.get(counter) ?? 0) + 1;
    this.#counts.set(counter, count);
    return count;
  }

  /** Whom the newcomer bumps in a full slot (R3). */
  victimOf(newcomer: Claim, slot: SlotFacts): Claim | undefined {
    const bumpable = this.seated(slot).filter((seated) => mayBump(newcomer, seated));
    return bumpable.sort(byWeakness)[0];
  }

  hasFreeSeat(slot: SlotFacts): boolean {
    return this.seated(slot).length < slot.capacity;
  }

  /** Why a slot takes no newcomer like this one (R4, R11). */
  refusalOf(newcomer: Claim, slot: SlotFacts): object | undefined {
    if (this.hasEnded(slot)) return { code: 'slot_ended' };
    if (slot.closedReason !== null) return { code: 'slot_closed' };
    const waits = !this.hasFreeSeat(slot) && this.victimOf(newcomer, slot) === undefined;
    const isFull = this.waiting(slot).length >= HISTORY_RULES.waitlistMax;
    return waits && isFull ? { code: 'waitlist_full' } : undefined;
  }

  /** R2-R4: seated where a seat is free, in the place of the weakest, or waiting. */
  arrive(kind: 'booked' | 'moved_in', newcomer: Claim): void {
    const slot = this.slotOf(newcomer);
    const victim = this.hasFreeSeat(slot) ? undefined : this.victimOf(newcomer, slot);
    if (victim !== undefined) this.go(victim, 'bumped', 'WAITING', newcomer.id);
    newcomer.status = this.hasFreeSeat(slot) ? seatOf(newcomer) : 'WAITING';
    this.claims.push(newcomer);
    const { id: tokenId, slot: slotId, patient, type, status, ...facts } = newcomer;
    const patientFacts = { patientName: 'somebody', patientId: patient, patientType: type };
    const priority = priorityOf(newcomer);
    const record = { kind, tokenId, slotId, ...patientFacts, priority, ...facts, to: status };
    this.#record(slot.doctorId, record);
  }

  /** R5: while a seat is free in an open slot, the first who waits gets it. */
  fill(slot: SlotFacts, cause: string | null): void {
    for (const waiter of this.waiting(slot))
      if (this.isOpen(slot) && this.hasFreeSeat(slot))
        this.go(waiter, 'promoted', seatOf(waiter), cause);
  }

  /** R8 once more: the first who waits and may bump somebody does. */
  settle(slot: SlotFacts): void {
    if (!this.isOpen(slot)) return;
    const waiter = this.waiting(slot).find((each) => this.victimOf(each, slot) !== undefined);
    if (waiter === undefined) return;
    const victim = found(this.victimOf(waiter, slot));
    this.go(victim, 'bumped', 'WAITING', waiter.id);
    this.go(waiter, 'promoted', seatOf(waiter), victim.id);
    this.settle(slot);
  }

  /** R12: those over the capacity wait, those under it sit. */
  resize(slot: SlotFacts): void {
    const over = this.seated(slot).length - slot.capacity;
    if (over > 0)
      for (const claim of givingWay(this.seated(slot)).slice(0, over))
        this.go(claim, 'bumped', 'WAITING');
    this.revise(slot);
    this.fill(slot, null);
  }

  revise(slot: SlotFacts): void {
    const isSame = JSON.stringify(slot) === JSON.stringify(this.slots.get(slot.id));
    this.slots.set(slot.id, slot);
    if (!isSame) this.#record(slot.doctorId, { kind: 'slot_set', slot });
  }

  /** One status to another; whoever has been at the desk stays checked in. */
  go(claim: Claim, kind: string, to: Status, cause: string | null = null): void {
    this.about(claim, { kind, from: claim.status, to, cause });
    claim.status = to;
    claim.hasCheckedIn ||= to === 'CHECKED_IN' || to === 'IN_CONSULTATION';
    if (['CANCELLED', 'NO_SHOW', 'EXPIRED'].includes(to)) this.remove(claim);
  }

  remove(claim: Claim): void {
    this.claims = this.claims.filter((other) => other !== claim);
  }

  about(claim: Claim, change: object): void {
    const record = { tokenId: claim.id, slotId: claim.slot, ...change };
    this.#record(this.slotOf(claim).doctorId, record);
  }

  #record(doctorId: string, change: object): void {
    const version = this.next(`version ${doctorId}`);
    this.#records.push({ doctorId, version, at: this.#at, ...change });
  }
}

const seatOf = ({ hasCheckedIn }: Claim): Status => (hasCheckedIn ? 'CHECKED_IN' : 'BOOKED');
