import {
  ON_LEAVE,
  SESSION_ENDED,
  type AllocationEngine,
  type Change,
  type DoctorId,
  type DoctorSet,
  type Leave,
  type LocalDate,
  type SlotId,
} from '../engine/index.ts';
import { endOf } from './slot-times.ts';

/** A holiday with the instant, in epoch milliseconds, at which it was put. */
export interface PutHoliday {
  readonly holiday: Leave;
  readonly at: number;
}

/** The holidays that are valid now, from the change records of the record that holds them. */
function holidaysOf(changes: readonly Change[]): PutHoliday[] {
  let holidays: PutHoliday[] = [];
  for (const change of changes)
    if (change.kind === 'doctor_set')
      holidays = change.doctor.leaves.map((holiday) => {
        const known = holidays.find((each) => hasSameDates(each.holiday, holiday));
        return known ?? { holiday, at: change.at };
      });
  return holidays;
}

/** What the record of the holidays says. */
export interface HolidayRecord {
  /** The holidays that are valid now. */
  readonly valid: readonly PutHoliday[];
  /** Every holiday that was valid at some time. */
  readonly all: readonly Leave[];
}

export const holidayRecordOf = (changes: readonly Change[]): HolidayRecord => ({
  valid: holidaysOf(changes),
  all: changes.flatMap((change) => (change.kind === 'doctor_set' ? change.doctor.leaves : [])),
});

/**
 * Checks that the slots on dates of leave and on holidays are closed, and that they open again when the leave is taken
 * back (R24).
 */
export class LeaveWatch {
  readonly #doctorId: DoctorId;
  readonly #holidays: HolidayRecord;
  /** The slots that a new leave must close, each with the name of the change that added the leave. */
  readonly #toClose = new Map<SlotId, string>();
  /** The slots that must open because a leave was taken back, each with the name of the change that removed it. */
  readonly #toOpen = new Map<SlotId, string>();
  /** The instants, in epoch milliseconds, at which slots that were closed for another reason than their session opened. */
  readonly #reopened = new Map<SlotId, number>();

  constructor(doctorId: DoctorId, holidays: HolidayRecord) {
    this.#doctorId = doctorId;
    this.#holidays = holidays;
  }

  /** Takes note of a change. The engine is in the state right before it. */
  see(change: Change, engine: AllocationEngine): void {
    if (change.kind === 'slot_set') {
      const { id, closedReason } = change.slot;
      const closedBefore = engine.slot(id)?.facts.closedReason ?? SESSION_ENDED;
      if (closedReason !== ON_LEAVE) this.#toOpen.delete(id);
      if (closedReason !== null) this.#toClose.delete(id);
      else if (closedBefore !== SESSION_ENDED) this.#reopened.set(id, change.at);
    }
    if (change.kind === 'doctor_set') this.#seeLeaves(change, engine);
  }

  #seeLeaves({ doctor: { leaves }, doctorId, version, at }: DoctorSet, engine: AllocationEngine) {
    const doctor = engine.doctor(doctorId);
    const before = doctor?.facts.leaves ?? [];
    const added = withoutSame(leaves, before);
    const removed = withoutSame(before, leaves);
    const name = `change ${doctorId}:${version} (doctor_set)`;
    for (const { facts } of doctor?.slots ?? []) {
      const { id, date, closedReason } = facts;
      if (at >= endOf(facts)) continue;
      if (closedReason === null && isOnLeave(added, date)) this.#toClose.set(id, name);
      // A slot stays closed on a holiday. Which holidays were valid at this instant is not on this doctor's record.
      const isFree =
        isOnLeave(removed, date) && !isOnLeave([...leaves, ...this.#holidays.all], date);
      if (closedReason === ON_LEAVE && isFree) this.#toOpen.set(id, name);
    }
  }

  /** The slots that a leave should have closed by now, and those that should be open again, each as a fault. */
  notFollowing(): string[] {
    const open = Array.from(
      this.#toClose,
      ([id, change]) => `${change}: leaves slot ${id} open on a date of leave (R24)`,
    );
    const closed = Array.from(
      this.#toOpen,
      ([id, change]) => `${change}: leaves slot ${id} closed, but its leave was taken back (R24)`,
    );
    return [...open, ...closed];
  }

  /**
   * The slots of sessions that are open on a holiday, each as a fault. A slot that had ended when the holiday was put, or
   * that the hospital has opened again since then, may be open.
   */
  openOnHolidays(engine: AllocationEngine): string[] {
    const slots = engine.doctor(this.#doctorId)?.slots ?? [];
    return slots.flatMap(({ facts, isClosed }) => {
      const { id, sessionId, date } = facts;
      if (isClosed || sessionId === null) return [];
      const reopenedAt = this.#reopened.get(id) ?? -Infinity;
      const isOpen = this.#holidays.valid.some(
        ({ holiday, at }) => isOnLeave([holiday], date) && at < endOf(facts) && reopenedAt < at,
      );
      return isOpen ? [`slot ${id}: is open on a holiday (R24)`] : [];
    });
  }
}

/** The leaves of a list that the other list does not have, or has on other dates. */
const withoutSame = (leaves: readonly Leave[], others: readonly Leave[]): Leave[] =>
  leaves.filter((leave) => !others.some((other) => hasSameDates(leave, other)));

/** Whether two descriptions are of one leave with the same dates; the reason may differ. */
const hasSameDates = (a: Leave, b: Leave): boolean =>
  a.id === b.id && a.from === b.from && a.to === b.to;

const isOnLeave = (leaves: readonly Leave[], date: LocalDate): boolean =>
  leaves.some(({ from, to }) => from <= date && date <= to);
