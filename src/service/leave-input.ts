import { Type, type Static } from '@sinclair/typebox';
import { byFirstDate, leaveId, localDate, type Leave } from '../engine/index.ts';
import {
  dateFaultsOf,
  DateText,
  Id,
  Name,
  REPEATED_ID,
  type HasValidForm,
} from './doctor-input.ts';
import type { Fault } from './fault-words.ts';

/** A leave of a doctor, as a roster file describes it. */
export const LeaveInput = Type.Object(
  {
    id: Type.Optional(Id),
    from: DateText,
    to: DateText,
    reason: Name,
  },
  { additionalProperties: false },
);
export type LeaveInput = Static<typeof LeaveInput>;

/** A holiday of the hospital. */
export const HolidayInput = Type.Object(
  { date: DateText, name: Name },
  { additionalProperties: false },
);
export type HolidayInput = Static<typeof HolidayInput>;

/** The id of a leave in a roster file that gives it none: its first date. */
const idOf = ({ id, from }: LeaveInput): string => id ?? from;

/**
 * The faults that a schema cannot state about the dates of a leave.
 * @param at the JSON Pointer of the leave
 * @param isValid which parts to check; the other parts have faults that the schema states
 */
export function leaveDateFaultsOf(
  { from, to }: Pick<LeaveInput, 'from' | 'to'>,
  at = '',
  isValid: HasValidForm = () => true,
): Fault[] {
  const [isFrom, isTo] = [isValid(`${at}/from`), isValid(`${at}/to`)];
  const faults = dateFaultsOf({ ...(isFrom ? { from } : {}), ...(isTo ? { to } : {}) }, at);
  if (faults.length > 0 || !isFrom || !isTo || from <= to) return faults;
  return [{ pointer: `${at}/to`, detail: 'must not be before from' }];
}

/** The faults of a doctor's leaves in a roster file, each with its place in the list at `at`. */
export function leaveFaultsOf(
  leaves: readonly LeaveInput[],
  at: string,
  isValid: HasValidForm,
): Fault[] {
  const ids = new Set<string>();
  return leaves.flatMap((leave, index) => {
    const pointer = `${at}/${index}`;
    const faults = leaveDateFaultsOf(leave, pointer, isValid);
    if (!isValid(pointer)) return faults;
    if (ids.has(idOf(leave))) faults.push({ pointer: `${pointer}/id`, detail: REPEATED_ID });
    ids.add(idOf(leave));
    return faults;
  });
}

/** The faults of a list of holidays: a date that does not exist, or that is named twice. */
export function holidayFaultsOf(
  holidays: readonly HolidayInput[],
  at = '',
  isValid: HasValidForm = () => true,
): Fault[] {
  const dates = new Set<string>();
  return holidays.flatMap(({ date }, index) => {
    const pointer = `${at}/${index}`;
    if (!isValid(`${pointer}/date`)) return [];
    const faults = dateFaultsOf({ date }, pointer);
    if (dates.has(date))
      faults.push({ pointer: `${pointer}/date`, detail: 'must differ from the dates before it' });
    dates.add(date);
    return faults;
  });
}

/** The leaves of a valid list, in their order. */
export const leavesOf = (leaves: readonly LeaveInput[]): Leave[] =>
  leaves
    .map((leave) => ({
      id: leaveId(idOf(leave)),
      from: localDate(leave.from),
      to: localDate(leave.to),
      reason: leave.reason.trim(),
    }))
    .sort(byFirstDate);

/** The holidays of a valid list, each as a leave of one day under the id of its date. */
export const holidaysOf = (holidays: readonly HolidayInput[]): Leave[] =>
  leavesOf(holidays.map(({ date, name }) => ({ from: date, to: date, reason: name })));

/** The holidays as they are described. */
export const holidayInputsOf = (holidays: readonly Leave[]): HolidayInput[] =>
  holidays.map(({ from, reason }) => ({ date: from, name: reason }));
