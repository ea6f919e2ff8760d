import type { Doctor } from './doctor.ts';
import type { DoctorId, SessionId, SlotId } from './ids.ts';
import type { Slot } from './slot.ts';

// Slot ids and session ids are one namespace, across all doctors, in which `session@...` belongs to the session.

type Slots = ReadonlyMap<SlotId, Slot>;
type Sessions = ReadonlyMap<SessionId, Doctor>;

/** Whether an id is a slot's or a session's, or stands where a session's slots do. */
export function isSlotIdTaken(id: SlotId | SessionId, slots: Slots, sessions: Sessions): boolean {
  if (slots.has(id as SlotId) || sessions.has(id as SessionId)) return true;
  for (let end = id.indexOf('@'); end !== -1; end = id.indexOf('@', end + 1))
    if (sessions.has(id.slice(0, end) as SessionId)) return true;
  return false;
}

/** Whether this doctor cannot have a session of this id. */
export function isSessionIdTaken(
  id: SessionId,
  doctorId: DoctorId,
  slots: Slots,
  sessions: Sessions,
): boolean {
  const owner = sessions.get(id);
  if (owner !== undefined) return owner.facts.id !== doctorId;
  return isSlotIdTaken(id, slots, sessions) || hasForeignSlots(id, doctorId, slots);
}

/** Whether a slot of this id is another doctor's. */
export function isSlotOfAnother(id: SlotId, doctorId: DoctorId, slots: Slots): boolean {
  const slot = slots.get(id);
  return slot !== undefined && slot.facts.doctorId !== doctorId;
}

/** Whether slots stand where this session's would: somebody else's, or single ones. */
const hasForeignSlots = (id: SessionId, doctorId: DoctorId, slots: Slots): boolean =>
  [...slots.values()].some(
    ({ facts }) =>
      facts.id.startsWith(`${id}@`) && (facts.sessionId !== id || facts.doctorId !== doctorId),
  );
