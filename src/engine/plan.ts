import type { SlotSet } from './change.ts';
import type { DoctorFacts, Session } from './doctor.ts';
import type { EpochMs, SessionId } from './ids.ts';
import { SESSION_ENDED, type Slot, type SlotFacts } from './slot.ts';

/** The change records that set these slots, the first one right behind `version`. */
export const slotChanges = (slots: readonly SlotFacts[], version: number, at: EpochMs): SlotSet[] =>
  slots.map((slot, index) => ({
    kind: 'slot_set',
    doctorId: slot.doctorId,
    version: version + index + 1,
    at,
    slot,
  }));

/** Whether two descriptions of a doctor say the same. */
export const sameDoctor = (a: DoctorFacts, b: DoctorFacts): boolean =>
  a.name === b.name &&
  a.department === b.department &&
  a.timeZone === b.timeZone &&
  a.sessions.length === b.sessions.length &&
  a.sessions.every((session, index) => sameSession(session, b.sessions[index]));

const sameSession = (a: Session, b: Session | undefined): boolean =>
  a.id === b?.id &&
  a.start === b.start &&
  a.end === b.end &&
  a.capacity === b.capacity &&
  a.weekdays.join() === b.weekdays.join();

/** The ids of sessions that are new, changed or gone; all of them when the time zone moved. */
export function revisedSessions(
  known: DoctorFacts | undefined,
  facts: DoctorFacts,
): Set<SessionId> {
  const before = known?.sessions ?? [];
  const isKept = (session: Session): boolean =>
    known?.timeZone === facts.timeZone &&
    sameSession(
      session,
      facts.sessions.find(({ id }) => id === session.id),
    );
  const kept = new Set(before.filter(isKept).map(({ id }) => id));
  const all = [...before, ...facts.sessions].map(({ id }) => id);
  return new Set(all.filter((id) => !kept.has(id)));
}

/** A slot follows its session's revision while it is ahead, unused and not closed by the hospital itself. */
export const isRevisable = (
  { facts, isEmpty }: Slot,
  revised: Set<SessionId>,
  at: EpochMs,
): boolean =>
  facts.sessionId !== null &&
  revised.has(facts.sessionId) &&
  facts.startTime > at &&
  isEmpty &&
  (facts.closedReason === null || facts.closedReason === SESSION_ENDED);

/** What the session's revision makes of an unused slot: its new facts, or closed when it is no longer yielded. */
export function revise(facts: SlotFacts, planned: SlotFacts | undefined): SlotFacts[] {
  const slot = planned ?? { ...facts, closedReason: SESSION_ENDED };
  return sameSlot(facts, slot) ? [] : [slot];
}

const sameSlot = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime &&
  a.endTime === b.endTime &&
  a.capacity === b.capacity &&
  a.closedReason === b.closedReason;
