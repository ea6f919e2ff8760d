import {
  SESSION_ENDED,
  type AllocationEngine,
  type Change,
  type DoctorId,
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
export function holidaysOf(changes: readonly Change[]): PutHoliday[] {
  let holidays: PutHoliday[] = [];
  for (const change of changes)
    if (change.kind === 'doctor_set')
      holidays = change.doctor.leaves.map((holiday) => {
        const known = holidays.find((each) => hasSameDates(each.holiday, holiday));
        return known ?? { holiday, at: change.at };
      });
  return holidays;
}

/** Checks that the slots on dates of leave and on holidays are closed (R24). */
export class LeaveWatch {
  readonly #doctorId: DoctorId;
  readonly #holidays: readonly PutHoliday[];
  /** The slots that a new leave must close, each with the name of the change that added the leave. */
  readonly #toClose = new Map<SlotId, string>();
  /** The instants, in epoch milliseconds, at which slots that were closed for another reason than their session opened. */
  readonly #reopened = new Map<SlotId, number>();

  constructor(doctorId: DoctorId, holidays: readonly PutHoliday[]) {
    this.#doctorId = doctorId;
    this.#holidays = holidays;
  }

  /** Takes note of a change. The engine is in the state right before it. */
  see(change: Change, engine: AllocationEngine): void {
    if (change.kind === 'slot_set') {
      const { id, closedReason } = change.slot;
      const closedBefore = engine.slot(id)?.facts.closedReason ?? SESSION_ENDED;
      if (closedReason !== null) this.#toClose.delete(id);
      else if (closedBefore !== SESSION_ENDED) this.#reopened.set(id, change.at);
    }
    if (change.kind !== 'doctor_set') return;
    const doctor = engine.doctor(change.doctorId);
    const known = doctor?.facts.leaves ?? [];
    const added = change.doctor.leaves.filter(
      (leave) => !known.some((each) => hasSameDates(leave, each)),
    );
    for (const { facts, isClosed } of doctor?.slots ?? [])
      if (!isClosed && isOnLeave(added, facts.date) && change.at < endOf(facts))
        this.#toClose.set(facts.id, `change ${change.doctorId}:${change.version} (doctor_set)`);
  }

  /** The slots that a leave should have closed by now, each as a fault. */
  stayingOpen(): string[] {
    return Array.from(
      this.#toClose,
      ([id, change]) => `${change}: leaves slot ${id} open on a date of leave (R24)`,
    );
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
      const isOpen = this.#holidays.some(
        ({ holiday, at }) => isOnLeave([holiday], date) && at < endOf(facts) && reopenedAt < at,
      );
      return isOpen ? [`slot ${id}: is open on a holiday (R24)`] : [];
    });
  }
}

/** Whether two descriptions are of one leave with the same dates; the reason may differ. */
const hasSameDates = (a: Leave, b: Leave): boolean =>
  a.id === b.id && a.from === b.from && a.to === b.to;

const isOnLeave = (leaves: readonly Leave[], date: LocalDate): boolean =>
  leaves.some(({ from, to }) => from <= date && date <= to);
