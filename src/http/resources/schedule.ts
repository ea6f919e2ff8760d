import { Type, type Static } from '@sinclair/typebox';
import type { Schedule as DoctorSchedule } from '../../service/index.ts';
import { arrayOf } from '../schema.ts';
import { doctorFields, doctorOf } from './doctor.ts';
import { Slot, type SlotView } from './slot.ts';

export const Schedule = Type.Object(
  { ...doctorFields, slots: arrayOf(Slot) },
  {
    title: 'Schedule',
    description: 'A doctor with the slots of some days, in the order of their starts.',
  },
);
export type ScheduleView = Static<typeof Schedule>;

/** The slots are projected already, because they were read at one instant. */
export const scheduleOf = ({ doctor, slots }: DoctorSchedule<SlotView>): ScheduleView => ({
  ...doctorOf(doctor),
  slots,
});
