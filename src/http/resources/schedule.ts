import { Type, type Static } from '@sinclair/typebox';
import {
  inTurns,
  type LongSchedule,
  type Schedule as DoctorSchedule,
} from '../../service/index.ts';
import { Pieces, withoutEnd, type SerialiserOf } from '../pieces.ts';
import { arrayOf } from '../schema.ts';
import { Doctor, doctorFields, doctorOf } from './doctor.ts';
import { Slot, slotPieces, type SlotView } from './slot.ts';

export const Schedule = Type.Object(
  { ...doctorFields, slots: arrayOf(Slot) },
  {
    title: 'Schedule',
    description: 'A doctor with the slots of some days, in the order of their starts.',
  },
);
export type ScheduleView = Static<typeof Schedule>;

/** The slots of a short schedule are projected already, because they were read at one instant. */
export const scheduleOf = (
  schedule: DoctorSchedule<SlotView> | LongSchedule,
): ScheduleView | Pieces =>
  'slots' in schedule
    ? { ...doctorOf(schedule.doctor), slots: schedule.slots }
    : new Pieces((serialiserOf) => schedulePieces(schedule, serialiserOf));

async function* schedulePieces(
  { doctor, shownSlots, ended }: LongSchedule,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  yield `${withoutEnd(serialiserOf(Doctor)(doctorOf(doctor)))},"slots":[`;
  let separator = '';
  for await (const { slot, moment } of shownSlots) {
    yield separator;
    yield* inTurns(slotPieces(slot, moment, serialiserOf), ended);
    separator = ',';
  }
  yield ']}';
}
