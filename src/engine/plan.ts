import {
  hasSameDates,
  isOnLeave,
  sameLeave,
  type DoctorFacts,
  type Leave,
  type Session,
} from './doctor-facts.ts';
import type { EpochMs, LocalDate, SessionId } from './ids.ts';
import type { Namespace } from './namespace.ts';
import type { Slot } from './slot.ts';
import {
  endsAt,
  followingSession,
  ON_LEAVE,
  SESSION_ENDED,
  type KeptSlot,
  type SlotFacts,
} from './slot-facts.ts';

// Which slots must be opened, changed or closed so that a doctor's slots match the doctor's sessions and leaves.

/** What a doctor's slots are compared with. */
export interface Calendar {
  readonly doctor: DoctorFacts;
  readonly holidays: readonly Leave[];
  /**
   * The slots that the sessions yield, leaves aside: up to the horizon those that have not ended, and on the date of each
   * slot that exists the one that its session yields there now.
   */
  readonly planned: readonly SlotFacts[];
  readonly at: EpochMs;
  readonly graceMinutes: number;
}

/** Whether two descriptions of a doctor have the same facts. */
export const sameDoctor = (a: DoctorFacts, b: DoctorFacts): boolean =>
  a.name === b.name &&
  a.department === b.department &&
  a.timeZone === b.timeZone &&
  a.rooms === b.rooms &&
  a.isRetired === b.isRetired &&
  a.announcement === b.announcement &&
  a.sessions.length === b.sessions.length &&
  a.sessions.every((session, index) => sameSession(session, b.sessions[index])) &&
  a.leaves.length === b.leaves.length &&
  a.leaves.every((leave, index) => sameLeave(leave, b.leaves[index]));

const sameSession = (a: Session, b: Session | undefined): boolean =>
  a.id === b?.id &&
  a.start === b.start &&
  a.end === b.end &&
  a.capacity === b.capacity &&
  a.validFrom === b.validFrom &&
  a.validUntil === b.validUntil &&
  a.everyWeeks === b.everyWeeks &&
  a.weekdays.join() === b.weekdays.join();

/** The ids of the sessions of which `after` has other facts than `before`. */
export function revisedSessions(before: DoctorFacts, after: DoctorFacts): ReadonlySet<SessionId> {
  const known = new Map(before.sessions.map((session) => [session.id, session]));
  const revised = after.sessions.filter((session) => !sameSession(session, known.get(session.id)));
  return new Set(revised.map(({ id }) => id));
}

/**
 * The leaves that `after` has and `before` does not, or has on other dates. A leave with another reason is not among
 * them: it must not close again what the hospital has opened on its dates.
 */
export const addedLeaves = (before: readonly Leave[], after: readonly Leave[]): Leave[] =>
  after.filter((leave) => !before.some((each) => hasSameDates(leave, each)));

/** The open slots that a new leave or holiday closes (R24). */
export const slotsOnLeave = (
  slots: readonly Slot[],
  added: readonly Leave[],
  { at, graceMinutes }: Calendar,
): Slot[] =>
  slots.filter(
    (slot) =>
      !slot.isClosed && isOnLeave(added, slot.facts.date) && at < endsAt(slot.facts, graceMinutes),
  );

/**
 * The planned slots that do not exist yet, and those that closed with their session and are planned again; none on dates
 * of leave, and none of a retired doctor.
 */
export function slotsToOpen(calendar: Calendar, ids: Namespace): SlotFacts[] {
  const { doctor, planned, at } = calendar;
  if (doctor.isRetired) return [];
  return planned.filter((facts) => {
    const slot = ids.slot(facts.id);
    const isNeeded = slot === undefined || isReopenable(slot, facts, at);
    return isNeeded && !isOff(facts.date, calendar);
  });
}

/** Whether a date is one of the doctor's leaves or of the holidays. */
const isOff = (date: LocalDate, { doctor, holidays }: Calendar): boolean =>
  isOnLeave(doctor.leaves, date) || isOnLeave(holidays, date);

/**
 * Whether a slot closed with its session and can open again. A session's revision closes the slots beyond its horizon
 * in the same way.
 */
const isReopenable = ({ facts, isEmpty }: Slot, planned: SlotFacts, at: EpochMs): boolean =>
  facts.closedReason === SESSION_ENDED &&
  facts.doctorId === planned.doctorId &&
  isEmpty &&
  planned.startTime > at;

/**
 * The new facts of those of these slots that do not match the calendar (R24, R25). A slot without live token follows
 * its session; one with live tokens is kept for them, and so is one that the hospital closed, because it may be opened
 * again. A slot that was closed on leave opens again when its date is free.
 * @param revised the sessions whose seats the slots that have not begun take over
 */
export function slotsToRevise(
  slots: readonly Slot[],
  calendar: Calendar,
  revised: ReadonlySet<SessionId>,
): SlotFacts[] {
  const { at, graceMinutes } = calendar;
  const planned = new Map(calendar.planned.map((facts) => [facts.id, facts]));
  return slots.flatMap((slot) => {
    const { facts, isEmpty } = slot;
    if (at >= endsAt(facts, graceMinutes)) return [];
    const stored = isReturning(facts, calendar) ? { ...facts, closedReason: null } : facts;
    if (stored.closedReason === SESSION_ENDED) return [];
    const yielded = yieldedFor(facts, calendar, planned.get(facts.id));
    const kept = keptFor(facts, yielded);
    const isFollowing = kept !== null && isEmpty && stored.closedReason === null;
    const takesSeats =
      kept === null && isEmpty && stored.closedReason === null && isNew(facts, calendar, revised);
    const capacity = takesSeats && yielded !== undefined ? yielded.capacity : facts.capacity;
    const next = isFollowing
      ? followingSession({ ...stored, kept }, at, graceMinutes)
      : { ...stored, kept, capacity };
    return sameSlot(facts, next) ? [] : [next];
  });
}

/** Whether a slot that was closed on leave, or with its retired doctor, opens again: never on a date of leave. */
function isReturning(facts: SlotFacts, calendar: Calendar): boolean {
  const { doctor, at } = calendar;
  if (isOff(facts.date, calendar)) return false;
  if (facts.closedReason === ON_LEAVE) return true;
  const isSingle = facts.closedReason === SESSION_ENDED && facts.sessionId === null;
  return isSingle && !doctor.isRetired && facts.startTime > at;
}

/** The slot that the doctor's sessions yield in place of this one; a single slot stays as it is. */
function yieldedFor(
  facts: SlotFacts,
  { doctor }: Calendar,
  planned: SlotFacts | undefined,
): SlotFacts | undefined {
  if (doctor.isRetired) return undefined;
  return facts.sessionId === null ? facts : planned;
}

/** What a slot is kept as; null when the calendar yields it at these times. */
function keptFor(facts: SlotFacts, yielded: SlotFacts | undefined): KeptSlot | null {
  if (yielded === undefined) return { replacement: null };
  const { startTime, endTime, capacity } = yielded;
  return startTime === facts.startTime && endTime === facts.endTime
    ? null
    : { replacement: { startTime, endTime, capacity } };
}

/** Whether a slot has not begun and its session has been revised. */
const isNew = (
  { sessionId, startTime }: SlotFacts,
  { at }: Calendar,
  revised: ReadonlySet<SessionId>,
): boolean => sessionId !== null && revised.has(sessionId) && startTime > at;

const sameSlot = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime &&
  a.endTime === b.endTime &&
  a.capacity === b.capacity &&
  a.closedReason === b.closedReason &&
  sameKept(a.kept, b.kept);

function sameKept(a: KeptSlot | null, b: KeptSlot | null): boolean {
  if (a === null || b === null) return a === b;
  const [next, other] = [a.replacement, b.replacement];
  if (next === null || other === null) return next === other;
  return (
    next.startTime === other.startTime &&
    next.endTime === other.endTime &&
    next.capacity === other.capacity
  );
}
