import { seatStatusOf, type PatientClass, type Slot, type TokenEntered } from '../engine/index.ts';
import type { StoredToken } from '../store/index.ts';
import type { ChangeContext } from './claims.ts';
import { originOf } from './journey.ts';
import { isTogether } from './units.ts';

/** What is wrong with a token that enters a slot: what it comes with, and where it lands. */
export function faultOfEntry(change: TokenEntered, place: ChangeContext): string | undefined {
  const slot = place.engine.slot(change.slotId);
  if (slot === undefined) return undefined;
  const fault =
    change.kind === 'booked' ? faultOfBooking(change, slot) : faultOfArrival(change, slot, place);
  return fault ?? faultOfLanding(change, slot, place);
}

export const classOf = ({ patientType, priority }: TokenEntered): PatientClass => ({
  type: patientType,
  priority,
});

function faultOfBooking(change: TokenEntered, { doctor, day }: Slot): string | undefined {
  if (change.arrival !== doctor.lastArrival + 1) return 'its arrival is not the next';
  if (change.number !== day.lastNumber + 1) return 'its number is not the next of the day (R10)';
  return change.hasCheckedIn ? 'has been at the desk before it was booked' : undefined;
}

/** R13: who moves comes as who left, with a new arrival unless the hospital closed their slot within the doctor's. */
function faultOfArrival(
  change: TokenEntered,
  { facts, doctor, day }: Slot,
  { engine, journeys }: ChangeContext,
): string | undefined {
  const origin = originOf(change, journeys);
  if (origin === undefined) return 'did not leave another slot right before (R13)';
  if (!isSamePatient(change, origin)) return 'is not the token that left (R13)';
  const isSameDoctor = origin.doctorId === change.doctorId;
  const isSameDay = origin.date === facts.date;
  if (change.hasCheckedIn !== (origin.hasCheckedIn && isSameDay))
    return change.hasCheckedIn
      ? 'has not been at the desk that day'
      : 'has been at the desk that day';

  // Another doctor's slots are not in this engine.
  const isClosing = engine.slot(origin.slotId)?.isClosed === true;
  if (isClosing && change.arrival !== origin.arrival) return 'does not keep its arrival (R13)';
  if (!isClosing && change.arrival !== doctor.lastArrival + 1)
    return 'its arrival is not the next (R13)';
  const isNumberKept = isSameDoctor && isSameDay;
  if (isNumberKept && change.number !== origin.number) return 'does not keep its number (R10)';
  if (!isNumberKept && change.number !== day.lastNumber + 1)
    return 'its number is not the next of the day (R10)';
  return undefined;
}

const isSamePatient = (change: TokenEntered, origin: StoredToken): boolean =>
  change.patientName === origin.patientName &&
  change.patientId === origin.patientId &&
  change.patientType === origin.patientType &&
  change.priority === origin.priority &&
  change.bookedAt === origin.bookedAt;

/** R2-R5, R15. A seat that is not there is refused by the engine (R1). */
function faultOfLanding(change: TokenEntered, slot: Slot, { previous }: ChangeContext) {
  if (slot.isClosed) return 'enters a slot that is closed';
  const first = change.patientId === null ? undefined : slot.tokenOfPatient(change.patientId);
  if (first !== undefined) return `is a second one of the patient of token ${first.id} (R15)`;
  if (slot.seatsLeft > 0) {
    if (change.to === 'WAITING') return 'waits beside a free seat (R2)';
    if (change.to !== seatStatusOf(change)) return `does not lead to ${change.to}`;
    const isBumping = isTogether(change, previous) && previous.kind === 'bumped';
    const next = isBumping ? undefined : slot.nextWaiting();
    return next && `takes the free seat that token ${next.id} waits for (R5)`;
  }
  const weakest = slot.victimFor(classOf(change));
  return change.to === 'WAITING' && weakest !== undefined
    ? `waits behind token ${weakest.id}, which it may bump (R3, R8)`
    : undefined;
}
