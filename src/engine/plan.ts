import type { Doctor, DoctorFacts, Session } from './doctor.ts';
import type { EpochMs, SessionId } from './ids.ts';
import type { Namespace } from './namespace.ts';
import { SESSION_ENDED, type Slot, type SlotFacts } from './slot.ts';

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

/** The ids of sessions that are changed or gone or new; all of them when the time zone moved. */
function revisedSessions(known: DoctorFacts, facts: DoctorFacts): Set<SessionId> {
  const before = known.sessions;
  const isKept = (session: Session): boolean =>
    known.timeZone === facts.timeZone &&
    sameSession(
      session,
      facts.sessions.find(({ id }) => id === session.id),
    );
  const kept = new Set(before.filter(isKept).map(({ id }) => id));
  const all = [...before, ...facts.sessions].map(({ id }) => id);
  return new Set(all.filter((id) => !kept.has(id)));
}

/** The planned slots that are not there yet, and those that a session's end once closed and that are yielded again. */
export const slotsToOpen = (
  planned: readonly SlotFacts[],
  ids: Namespace,
  at: EpochMs,
): SlotFacts[] =>
  planned.filter((facts) => {
    const slot = ids.slot(facts.id);
    return slot === undefined || isReopenable(slot, facts, at);
  });

/** Whether nothing but a session's end keeps the slot closed; one beyond the horizon of a revision is closed so too. */
const isReopenable = ({ facts, isEmpty }: Slot, planned: SlotFacts, at: EpochMs): boolean =>
  facts.closedReason === SESSION_ENDED &&
  facts.doctorId === planned.doctorId &&
  isEmpty &&
  planned.startTime > at;

/** The slots that follow a doctor's revised sessions: with new facts, or closed when they are not yielded any more. */
export function slotsToRevise(
  { facts, slots }: Doctor,
  revised: DoctorFacts,
  planned: readonly SlotFacts[],
  at: EpochMs,
): SlotFacts[] {
  const sessions = revisedSessions(facts, revised);
  const plannedOf = new Map(planned.map((slot) => [slot.id, slot]));
  return slots
    .filter((slot) => isRevisable(slot, sessions, at))
    .flatMap((slot) => revise(slot.facts, plannedOf.get(slot.facts.id)));
}

/** A slot follows its session's revision while it is ahead, unused and not closed by the hospital itself. */
const isRevisable = ({ facts, isEmpty }: Slot, revised: Set<SessionId>, at: EpochMs): boolean =>
  facts.sessionId !== null &&
  revised.has(facts.sessionId) &&
  facts.startTime > at &&
  isEmpty &&
  (facts.closedReason === null || facts.closedReason === SESSION_ENDED);

/** What the session's revision makes of an unused slot: its new facts, or closed when it is no longer yielded. */
function revise(facts: SlotFacts, planned: SlotFacts | undefined): SlotFacts[] {
  const slot =
    planned === undefined
      ? { ...facts, closedReason: SESSION_ENDED }
      : { ...planned, delayMinutes: facts.delayMinutes };
  return sameSlot(facts, slot) ? [] : [slot];
}

const sameSlot = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime &&
  a.endTime === b.endTime &&
  a.capacity === b.capacity &&
  a.closedReason === b.closedReason;
