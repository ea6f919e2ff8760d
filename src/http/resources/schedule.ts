import { Type, type Static } from '@sinclair/typebox';
import {
  inTurns,
  type LongSchedule,
  type Role,
  type Schedule as DoctorSchedule,
} from '../../service/index.ts';
import { Pieces, withoutEnd, type SerialiserOf } from '../pieces.ts';
import { arrayOf } from '../schema.ts';
import { Doctor, doctorFields, doctorFor } from './doctor.ts';
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
  role: Role,
): ScheduleView | Pieces =>
  'slots' in schedule
    ? { ...doctorFor(role)(schedule.doctor), slots: schedule.slots }
    : new Pieces((serialiserOf) => schedulePieces(schedule, role, serialiserOf));

async function* schedulePieces(
  { doctor, shownSlots, ended }: LongSchedule,
  role: Role,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  yield `${withoutEnd(serialiserOf(Doctor)(doctorFor(role)(doctor)))},"slots":[`;
  let separator = '';
  for await (const { slot, moment } of shownSlots) {
    yield separator;
    yield* inTurns(slotPieces({ slot, moment }, role, serialiserOf), ended);
    separator = ',';
  }
  yield ']}';
}
