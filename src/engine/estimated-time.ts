import { isCalledFirst, slotsCalledFrom } from './calling-order.ts';
import { epochMs, type EpochMs, type LocalDate } from './ids.ts';
import type { Moment } from './moment.ts';
import { inConsultationWith } from './rooms.ts';
import type { Slot, SlotOwner, Token } from './slot.ts';

const MINUTE_MS = 60_000;

/**
 * The instant at which the doctor is expected to see a patient: now for one in consultation, null for one who is not
 * to be called: the token is skipped, waits, is completed or over, or its slot is past.
 *
 * It follows the calling order over all slots of the day (R18): no patient is told an earlier time than one who is
 * called before. Each patient ahead takes the pace of the own slot, `(end - start) / capacity`, shared by the rooms. It
 * costs O(slots of the day + log of the tokens).
 */
export function estimatedTimeOf(token: Token, moment: Moment): EpochMs | null {
  const { slot, status } = token;
  const { engine, at, todayIn } = moment;
  const today = todayIn(slot.doctor.facts.timeZone);
  if (engine.isPast(slot.facts, today, at)) return null;
  if (status === 'IN_CONSULTATION') return at;
  if (status !== 'BOOKED' && status !== 'CHECKED_IN') return null;

  const slots =
    slot.facts.date > today ? slot.day.slots : slotsCalledFrom(engine, slot.doctor, { today, at });
  let free = firstFreeRoomAt(slot.doctor, today, moment);
  const isFirst = isCalledFirst(token);
  for (const each of slots) {
    const emergencies = isFirst
      ? each.checkedInEmergenciesAheadOf(token)
      : each.checkedInEmergencies;
    if (emergencies > 0) free += emergencies * paceOf(each);
  }
  if (!isFirst)
    for (const each of slots) {
      const { startTime, delayMinutes } = each.facts;
      free = Math.max(free, startTime + delayMinutes * MINUTE_MS);
      free += seenInTurn(each, moment, each === slot ? token : undefined) * paceOf(each);
      if (each === slot) break;
    }
  return epochMs(Math.floor(free));
}

/** The earliest and the latest instant at which the doctor probably sees a patient. */
export interface EstimatedRange {
  readonly from: EpochMs;
  readonly until: EpochMs;
}

/**
 * The estimated time as a range; null where there is no estimated time. Visits differ in length by about half of the pace
 * of the slot, so the sum of `n` visits differs by `sqrt(n)` times that; the range reaches twice as far to both sides. It
 * does not begin before the doctor can see the patient.
 * @param ahead patients who are called before
 */
export function estimatedRangeOf(
  token: Token,
  ahead: number,
  moment: Moment,
): EstimatedRange | null {
  const estimate = estimatedTimeOf(token, moment);
  if (estimate === null) return null;
  const { slot, status } = token;
  if (status === 'IN_CONSULTATION') return { from: estimate, until: estimate };
  const { startTime, delayMinutes } = slot.facts;
  const breakUntil = slot.doctor.breakUntil ?? moment.at;
  const earliest = Math.max(moment.at, breakUntil, startTime + delayMinutes * MINUTE_MS);
  const margin = paceOf(slot) * Math.sqrt(ahead + 1);
  return {
    // A checked-in emergency is called before its slot starts.
    from: epochMs(Math.min(estimate, Math.floor(Math.max(estimate - margin, earliest)))),
    until: epochMs(Math.ceil(estimate + margin)),
  };
}

/**
 * The instant at which a room is free for the next patient: when the doctor's break is over, and when those in
 * consultation beyond the free rooms have been seen, each at the pace of the own slot.
 */
function firstFreeRoomAt(doctor: SlotOwner, today: LocalDate, { engine, at }: Moment): number {
  let free = Math.max(at, doctor.breakUntil ?? at);
  // Mostly nobody is with the doctor when a patient books a later day.
  if (doctor.inConsultation.size === 0) return free;
  const inConsultation = inConsultationWith(engine, doctor, { today, at });
  const beyond = inConsultation.length - (doctor.facts.rooms - 1);
  for (const { slot } of inConsultation.slice(0, Math.max(0, beyond))) free += visitMsOf(slot);
  return free;
}

/**
 * How many patients are seen when it is the turn of a slot; with a token, those of them who are seen before it. One
 * who has not come before the slot has ended counts no more.
 */
function seenInTurn(slot: Slot, { engine, at }: Moment, token: Token | undefined): number {
  const checkedIn = inTurn(slot, 'CHECKED_IN', token);
  return engine.hasEnded(slot, at) ? checkedIn : checkedIn + inTurn(slot, 'BOOKED', token);
}

const inTurn = (slot: Slot, status: 'BOOKED' | 'CHECKED_IN', token: Token | undefined): number =>
  token === undefined ? slot.inTurn(status) : slot.inTurnAheadOf(token, status);

/** Milliseconds that a visit takes by the plan of its slot. */
const visitMsOf = ({ facts }: Slot): number => (facts.endTime - facts.startTime) / facts.capacity;

/** Milliseconds after which the next patient of a slot can be called while all rooms are in use. */
const paceOf = (slot: Slot): number => visitMsOf(slot) / slot.doctor.facts.rooms;
