import type { PatientClass, Slot, TokenEntered } from '../engine/index.ts';
import type { StoredToken } from '../store/index.ts';
import type { ChangeContext } from './change-context.ts';
import { sharesSlotAndInstant } from './change-groups.ts';
import { originOf } from './move-histories.ts';
import { firstWaiting, isTakenBy, seatFor, victimOf } from './seat-rules.ts';

/** Checks a token that enters a slot by a booking or a move: its arrival, its number and where it is placed. */
export function faultOfEntry(change: TokenEntered, context: ChangeContext): string | undefined {
  const slot = context.engine.slot(change.slotId);
  if (slot === undefined) return undefined;
  const fault =
    change.kind === 'booked' ? faultOfBooking(change, slot) : faultOfMoveIn(change, slot, context);
  return fault ?? faultOfIntake(change, slot, context) ?? faultOfPlacement(change, slot, context);
}

/**
 * Checks that the slot takes the newcomer (R23, R25). The hospital may move patients into any slot that is not kept. The
 * records of one doctor do not say whether a patient who comes from another doctor was moved by the hospital.
 */
function faultOfIntake(
  change: TokenEntered,
  { facts }: Slot,
  { leftByClosing, moves }: ChangeContext,
): string | undefined {
  if (facts.kept !== null) return 'enters a slot that is kept for other patients (R25)';
  const origin = change.kind === 'booked' ? undefined : originOf(change, moves);
  const isOtherDoctor = origin !== undefined && origin.doctorId !== change.doctorId;
  const mayBeHospital = isOtherDoctor || leftByClosing.has(change.tokenId);
  return mayBeHospital || isTakenBy(facts, classOf(change))
    ? undefined
    : `enters a slot whose intake is ${facts.intake} (R23)`;
}

/** The class that a token has when it enters a slot. */
export const classOf = ({ patientType, priority }: TokenEntered): PatientClass => ({
  type: patientType,
  priority,
});

function faultOfBooking(change: TokenEntered, { doctor, day }: Slot): string | undefined {
  if (change.arrival !== doctor.lastArrival + 1) return 'its arrival is not the next';
  if (change.number !== day.lastNumber + 1) return 'its number is not the next of the day (R10)';
  return change.hasCheckedIn ? 'has checked in before it was booked' : undefined;
}

/**
 * Checks a token that moves in (R13): it is the token that left another slot. It gets a new arrival, except when the
 * hospital closed its old slot and the new slot belongs to the same doctor.
 */
function faultOfMoveIn(
  change: TokenEntered,
  { facts, doctor, day }: Slot,
  { leftByClosing, moves }: ChangeContext,
): string | undefined {
  const origin = originOf(change, moves);
  if (origin === undefined) return 'did not leave another slot right before (R13)';
  if (!isSamePatient(change, origin)) return 'differs from the token that left (R13)';
  const isSameDoctor = origin.doctorId === change.doctorId;
  const isSameDay = origin.date === facts.date;
  if (change.hasCheckedIn !== (origin.hasCheckedIn && isSameDay))
    return change.hasCheckedIn
      ? 'has checked in, but not on the day of this slot'
      : 'has not checked in, but it has on the day of this slot';

  const isClosing = isSameDoctor && leftByClosing.has(change.tokenId);
  if (isClosing && change.arrival !== origin.arrival) return 'does not keep its arrival (R13)';
  if (!isClosing && change.arrival !== doctor.lastArrival + 1)
    return 'its arrival is not the next (R13)';
  const keepsNumber = isSameDoctor && isSameDay;
  if (keepsNumber && change.number !== origin.number) return 'does not keep its number (R10)';
  if (!keepsNumber && change.number !== day.lastNumber + 1)
    return 'its number is not the next of the day (R10)';
  return undefined;
}

const isSamePatient = (change: TokenEntered, origin: StoredToken): boolean =>
  change.patientName === origin.patientName &&
  change.patientId === origin.patientId &&
  change.patientType === origin.patientType &&
  change.priority === origin.priority &&
  change.bookedAt === origin.bookedAt;

/** Checks whether a token that enters is seated or waits (R2-R5, R15). The engine refuses a seat beyond capacity (R1). */
function faultOfPlacement(
  change: TokenEntered,
  slot: Slot,
  { engine, previous }: ChangeContext,
): string | undefined {
  if (slot.isClosed) return 'enters a slot that is closed';
  const { patientId } = change;
  const other = patientId === null ? undefined : engine.patients.liveTokenIn(slot, patientId);
  if (other !== undefined) return `is a second token of the patient of token ${other.id} (R15)`;
  if (slot.seatsLeft > 0) {
    if (change.to === 'WAITING') return 'waits although a seat is free (R2)';
    if (change.to !== seatFor(change)) return `cannot lead to ${change.to}`;
    const isAfterBump = sharesSlotAndInstant(change, previous) && previous.kind === 'bumped';
    const next = isAfterBump ? undefined : firstWaiting(slot);
    return next && `takes the free seat that token ${next.id} waits for (R5)`;
  }
  const weakest = victimOf(slot, classOf(change));
  return change.to === 'WAITING' && weakest !== undefined
    ? `waits although it may bump token ${weakest.id} (R3, R8)`
    : undefined;
}
