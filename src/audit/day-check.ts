import { Temporal } from 'temporal-polyfill';
import {
  EMERGENCY,
  type EpochMs,
  type LocalDate,
  type SlotFacts,
  type Token,
  type TokenTransition,
} from '../engine/index.ts';
import type { ChangeContext } from './change-context.ts';
import { isRankedBefore } from './seat-rules.ts';
import { earliestPastOf, latestPastOf } from './slot-times.ts';

// Checks the calling order (R18) and the day of a check-in (R20). The order and the days are computed here, because a
// check that asks the engine for them would repeat the engine's faults.

const HOUR_MS = 3_600_000;

/** The instant of a check-in or a call, and the calendar day that it was taken for. */
interface DeskTime {
  readonly at: EpochMs;
  readonly today: LocalDate;
}

/**
 * Checks the day of a check-in or a call (R20), and whether a called patient was the first of the calling order (R18). A
 * change without a day is not judged: versions up to 1.3.0 did not record it, and they took check-ins on every day.
 */
export function faultOfDay(
  change: TokenTransition,
  token: Token,
  context: ChangeContext,
): string | undefined {
  const { kind, at, today } = change;
  if (today === null) return undefined;
  const { timeZone } = token.slot.doctor.facts;
  if (!isLocalDate(today, at, timeZone)) return `names ${today}, which was no date in ${timeZone}`;
  const time = { at, today };
  return kind === 'checked_in'
    ? faultOfCheckIn(token.slot.facts, time)
    : faultOfCall(change, token, time, context);
}

function faultOfCheckIn(slot: SlotFacts, time: DeskTime): string | undefined {
  if (slot.date > time.today) return 'comes before the date of its slot (R20)';
  return mayCount(slot, time) ? undefined : 'comes after the day of its slot (R20)';
}

function faultOfCall(
  { from, calledFrom }: TokenTransition,
  called: Token,
  time: DeskTime,
  { engine }: ChangeContext,
): string | undefined {
  if (from !== 'CHECKED_IN') return `is called although its status is ${from} (R18)`;
  const { slot } = called;
  const named = calledFrom === null ? undefined : engine.slot(calledFrom);
  const isNamed = ({ id, sessionId }: SlotFacts): boolean =>
    calledFrom === null || [id, sessionId].some((name) => name === calledFrom);
  if (!isNamed(slot.facts)) return 'is called from a slot that the call does not name (R18)';
  // A call of one slot takes its patient from this slot, also from one of another day.
  if (named === undefined && !mayCount(slot.facts, time))
    return 'is called from a slot of another day (R18)';
  const ahead = slot.doctor.slots
    .filter(({ facts }) => isNamed(facts) && (named !== undefined || surelyCounts(facts, time)))
    .flatMap((each) => [...each.tokensWith('CHECKED_IN')])
    .find((token) => isCalledBefore(token, called));
  return ahead && `is called before token ${ahead.id} (R18)`;
}

/** The order in which two checked-in tokens are called (R18): emergencies of all slots, then slot by slot, each by rank. */
function isCalledBefore(a: Token, b: Token): boolean {
  const isFirst = isEmergency(a);
  if (isFirst !== isEmergency(b)) return isFirst;
  if (a.slot !== b.slot && !isFirst) return startsBefore(a.slot.facts, b.slot.facts);
  return isRankedBefore(a, b);
}

const isEmergency = ({ patientClass }: Token): boolean => patientClass.type === EMERGENCY;

const startsBefore = (a: SlotFacts, b: SlotFacts): boolean =>
  a.startTime === b.startTime ? a.id < b.id : a.startTime < b.startTime;

/** Whether patients are called from a slot at this time, however many minutes of grace there were. */
const surelyCounts = (slot: SlotFacts, { at, today }: DeskTime): boolean =>
  slot.date === today || (slot.date < today && at < earliestPastOf(slot));

/** Whether patients are called from a slot at this time with some number of minutes of grace. */
const mayCount = (slot: SlotFacts, { at, today }: DeskTime): boolean =>
  slot.date === today || (slot.date < today && at < latestPastOf(slot));

/**
 * Whether a date is the local date of an instant. An hour more or less is accepted, because a country may have changed
 * its clocks at short notice, and the service did not know it.
 */
const isLocalDate = (date: LocalDate, at: EpochMs, timeZone: string): boolean =>
  [at, at - HOUR_MS, at + HOUR_MS].some((instant) => {
    const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone);
    return local.toPlainDate().toString() === date;
  });
