import type { EpochMs, LocalDate } from './ids.ts';
import { EMERGENCY } from './patient-class.ts';
import { inConsultationWith, type Now } from './rooms.ts';
import { byRank, type Slot, type SlotOwner, type Token } from './slot.ts';
import type { EngineState } from './state.ts';

/** The tokens that a doctor sees on a day, and those that may still get a place. */
export interface CallingOrder {
  /** The patients who are with the doctor, the earliest arrival first. */
  readonly inConsultation: readonly Token[];
  /** The booked and the checked-in patients in the order in which they are called; only checked-in ones are called. */
  readonly toCall: readonly Token[];
  /** Those who were not there when it was their turn, slot by slot, best rank first (R21). */
  readonly skipped: readonly Token[];
  /** The waitlists, slot by slot, best rank first. */
  readonly waiting: readonly Token[];
  /** The slots of all these tokens, in the order of their starts. */
  readonly slots: readonly Slot[];
}

/**
 * The calling order of a doctor's present day (R18): of the slots of the date and of earlier ones that are not past. It
 * holds every live token of them that is not completed.
 */
export const callingOrderOf = (
  state: EngineState,
  doctor: SlotOwner,
  today: LocalDate,
  at: EpochMs,
): CallingOrder =>
  orderOf(
    slotsCalledFrom(state, doctor, { today, at }),
    inConsultationWith(state, doctor, { today, at }),
  );

/**
 * How many patients are called before a token: those before it in the calling order of its day (R18). Null for a token
 * that is not in this order, because it is skipped, waits, is with the doctor or is over.
 */
export function patientsAheadOf(
  token: Token,
  state: EngineState,
  { today, at }: Now,
): number | null {
  const { doctor, facts } = token.slot;
  const { toCall } =
    facts.date > today
      ? callingOrderOn(doctor, facts.date)
      : callingOrderOf(state, doctor, today, at);
  const place = toCall.indexOf(token);
  return place < 0 ? null : place;
}

/** The calling order of the slots in memory of one date, which need not be the present day. */
export function callingOrderOn(doctor: SlotOwner, date: LocalDate): CallingOrder {
  const slots = doctor.slots.filter(({ facts }) => facts.date === date);
  return orderOf(
    slots,
    slots.flatMap((slot) => [...slot.tokensWith('IN_CONSULTATION')]),
  );
}

function orderOf(slots: readonly Slot[], inConsultation: readonly Token[]): CallingOrder {
  const bookedAndCheckedIn = (slot: Slot): Iterable<Token> =>
    [...slot.tokensWith('BOOKED'), ...slot.tokensWith('CHECKED_IN')].sort(byRank);
  return {
    inConsultation,
    toCall: [...inCallingOrder(slots, bookedAndCheckedIn)],
    skipped: slots.flatMap((slot) => [...slot.tokensWith('SKIPPED')]),
    waiting: slots.flatMap((slot) => slot.waitlist()),
    slots,
  };
}

/** The checked-in token to be called next from these slots (R18). */
export const nextToCall = (slots: readonly Slot[]): Token | undefined =>
  inCallingOrder(slots, (slot) => slot.tokensWith('CHECKED_IN')).next().value;

/** The order of R18: first the checked-in emergencies of all slots, then slot by slot; inside each by rank. */
function* inCallingOrder(
  slots: readonly Slot[],
  tokensOf: (slot: Slot) => Iterable<Token>,
): Generator<Token, undefined> {
  yield* slots.flatMap(checkedInEmergenciesOf).sort(byRank);
  for (const slot of slots)
    for (const token of tokensOf(slot)) if (!isCalledFirst(token)) yield token;
}

/** Whether a token is called before everyone of every slot who is no checked-in emergency (R18). */
export const isCalledFirst = ({ status, patientClass }: Token): boolean =>
  status === 'CHECKED_IN' && patientClass.type === EMERGENCY;

function checkedInEmergenciesOf(slot: Slot): Token[] {
  const emergencies: Token[] = [];
  if (slot.checkedInEmergencies === 0) return emergencies;
  // They are the first of their line, because `EMERGENCY` is the highest class.
  for (const token of slot.tokensWith('CHECKED_IN')) {
    if (!isCalledFirst(token)) break;
    emergencies.push(token);
  }
  return emergencies;
}

/**
 * Milliseconds. No slot of today's date starts later than this from now: a day has 25 hours at most, and two time
 * zones, of which a slot may still have the doctor's old one, differ by 26 hours at most.
 */
const FARTHEST_START_MS = 51 * 3_600_000;

/** The slots from which a doctor's patients are called, in the order of their starts: of the day, and earlier ones that are not past. */
export function slotsCalledFrom(
  state: EngineState,
  { slots }: SlotOwner,
  { today, at }: Now,
): Slot[] {
  const called: Slot[] = [];
  for (const slot of slots) {
    const { facts } = slot;
    if (facts.startTime > at + FARTHEST_START_MS) break;
    if (facts.date <= today && !state.isPast(facts, today, at)) called.push(slot);
  }
  return called;
}
