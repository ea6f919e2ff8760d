import { Type, type Static } from '@sinclair/typebox';
import type { HolidaysPut, Leave, LeaveTaken, Moment } from '../../engine/index.ts';
import { HolidayInput, holidayInputsOf, type EndedLeave } from '../../service/index.ts';
import { arrayOf, Text } from '../schema.ts';
import { ClosedSlot, closedSlotOf, Slot, slotOf } from './slot.ts';

/** The answer to a new leave. */
export const TakenLeave = Type.Object(
  {
    id: Text,
    doctor_id: Text,
    from: Text,
    to: Text,
    reason: Text,
    slots: arrayOf(ClosedSlot, 'The slots that the leave closed, with their patients.'),
  },
  {
    title: 'TakenLeave',
    description: 'The leave, and the slots that it closed with their patients.',
  },
);
export type TakenLeaveView = Static<typeof TakenLeave>;

export const takenLeaveOf = (
  { doctor, leave, closed }: LeaveTaken,
  moment: Moment,
): TakenLeaveView => ({
  id: leave.id,
  doctor_id: doctor.facts.id,
  from: leave.from,
  to: leave.to,
  reason: leave.reason,
  slots: closed.map((slot) => closedSlotOf(slot, moment)),
});

/** The answer to a leave that was taken back. */
export const ReturnedLeave = Type.Object(
  { id: Text, doctor_id: Text, slots: arrayOf(Slot, 'The slots that are open because of it.') },
  { title: 'ReturnedLeave', description: 'The leave that was taken back, and the open slots.' },
);
export type ReturnedLeaveView = Static<typeof ReturnedLeave>;

export const returnedLeaveOf = (
  { doctorId, leaveId, opened }: EndedLeave,
  moment: Moment,
): ReturnedLeaveView => ({
  id: leaveId,
  doctor_id: doctorId,
  slots: opened.map((slot) => slotOf(slot, moment)),
});

const Holiday = Type.Object(HolidayInput.properties, {
  title: 'Holiday',
  description: 'A date on which no session of the hospital yields a slot.',
});

export const Holidays = Type.Object(
  { holidays: arrayOf(Holiday) },
  { title: 'Holidays', description: 'The holidays of the hospital, in the order of their dates.' },
);
export type HolidaysView = Static<typeof Holidays>;

export const holidaysOf = (holidays: readonly Leave[]): HolidaysView => ({
  holidays: holidayInputsOf(holidays),
});

/** The answer to a new list of holidays. */
export const PutHolidays = Type.Object(
  {
    holidays: arrayOf(Holiday),
    closed_slots: arrayOf(ClosedSlot, 'The slots on new holidays, with their patients.'),
    opened_slots: arrayOf(Slot, 'The slots on dates that are no holidays any more.'),
  },
  { title: 'PutHolidays', description: 'The holidays, and the slots that closed and opened.' },
);
export type PutHolidaysView = Static<typeof PutHolidays>;

export const putHolidaysOf = (
  { holidays, closed, opened }: HolidaysPut & { readonly holidays: readonly Leave[] },
  moment: Moment,
): PutHolidaysView => ({
  ...holidaysOf(holidays),
  closed_slots: closed.map((slot) => closedSlotOf(slot, moment)),
  opened_slots: opened.map((slot) => slotOf(slot, moment)),
});
