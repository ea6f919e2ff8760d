import type { Doctor } from './doctor.ts';
import type { DoctorFacts, Leave, Session } from './doctor-facts.ts';
import type { EpochMs, SessionId } from './ids.ts';
import type { Namespace } from './namespace.ts';
import type { Slot } from './slot.ts';
import { SESSION_ENDED, type SlotFacts } from './slot-facts.ts';

// Which slots must be opened, changed or closed so that a doctor's slots match the doctor's sessions.

/** Whether two descriptions of a doctor have the same facts. */
export const sameDoctor = (a: DoctorFacts, b: DoctorFacts): boolean =>
  a.name === b.name &&
  a.department === b.department &&
  a.timeZone === b.timeZone &&
  a.rooms === b.rooms &&
  a.isRetired === b.isRetired &&
  a.sessions.length === b.sessions.length &&
  a.sessions.every((session, index) => sameSession(session, b.sessions[index])) &&
  a.leaves.length === b.leaves.length &&
  a.leaves.every((leave, index) => sameLeave(leave, b.leaves[index]));

const sameLeave = (a: Leave, b: Leave | undefined): boolean =>
  a.id === b?.id && a.from === b.from && a.to === b.to && a.reason === b.reason;

const sameSession = (a: Session, b: Session | undefined): boolean =>
  a.id === b?.id &&
  a.start === b.start &&
  a.end === b.end &&
  a.capacity === b.capacity &&
  a.validFrom === b.validFrom &&
  a.validUntil === b.validUntil &&
  a.everyWeeks === b.everyWeeks &&
  a.weekdays.join() === b.weekdays.join();

/** The ids of sessions that are new, changed or removed; all sessions when the time zone has changed. */
function revisedSessions(before: DoctorFacts, after: DoctorFacts): Set<SessionId> {
  const isUnchanged = (session: Session): boolean =>
    before.timeZone === after.timeZone &&
    sameSession(
      session,
      after.sessions.find(({ id }) => id === session.id),
    );
  const unchanged = new Set(before.sessions.filter(isUnchanged).map(({ id }) => id));
  const all = [...before.sessions, ...after.sessions].map(({ id }) => id);
  return new Set(all.filter((id) => !unchanged.has(id)));
}

/** The planned slots that do not exist yet, and those that closed with their session and are planned again. */
export const slotsToOpen = (
  planned: readonly SlotFacts[],
  ids: Namespace,
  at: EpochMs,
): SlotFacts[] =>
  planned.filter((facts) => {
    const slot = ids.slot(facts.id);
    return slot === undefined || isReopenable(slot, facts, at);
  });

/**
 * Whether a slot closed with its session and can open again. A session's revision closes the slots beyond its horizon
 * in the same way.
 */
const isReopenable = ({ facts, isEmpty }: Slot, planned: SlotFacts, at: EpochMs): boolean =>
  facts.closedReason === SESSION_ENDED &&
  facts.doctorId === planned.doctorId &&
  isEmpty &&
  planned.startTime > at;

/** The slots that change with a doctor's sessions: they get new facts, or close when they are no longer planned. */
export function slotsToRevise(
  { facts, slots }: Doctor,
  revised: DoctorFacts,
  planned: readonly SlotFacts[],
  at: EpochMs,
): SlotFacts[] {
  const sessions = revisedSessions(facts, revised);
  const plannedById = new Map(planned.map((slot) => [slot.id, slot]));
  return slots
    .filter((slot) => isRevisable(slot, sessions, at))
    .flatMap((slot) => revise(slot.facts, plannedById.get(slot.facts.id)));
}

/**
 * Whether a slot changes with its session: it starts in the future, has no live token, and the hospital has not
 * closed it.
 */
const isRevisable = ({ facts, isEmpty }: Slot, revised: Set<SessionId>, at: EpochMs): boolean =>
  facts.sessionId !== null &&
  revised.has(facts.sessionId) &&
  facts.startTime > at &&
  isEmpty &&
  (facts.closedReason === null || facts.closedReason === SESSION_ENDED);

/** The new facts of a slot whose session was revised, in a list that is empty when they are the same as before. */
function revise(facts: SlotFacts, planned: SlotFacts | undefined): SlotFacts[] {
  const slot =
    planned === undefined
      ? { ...facts, closedReason: SESSION_ENDED }
      : {
          ...planned,
          delayMinutes: facts.delayMinutes,
          startDelayMinutes: facts.startDelayMinutes,
          intake: facts.intake,
        };
  return sameSlot(facts, slot) ? [] : [slot];
}

const sameSlot = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime &&
  a.endTime === b.endTime &&
  a.capacity === b.capacity &&
  a.closedReason === b.closedReason;
