import { Type, type Static } from '@sinclair/typebox';
import type { DoctorFacts } from '../../engine/index.ts';
import {
  inTurns,
  type LongSchedule,
  type Role,
  type Schedule as DoctorSchedule,
} from '../../service/index.ts';
import { etagOf } from '../conditional.ts';
import { Pieces, WholeText, withoutEnd, type SerialiserOf } from '../pieces.ts';
import { arrayOf } from '../schema.ts';
import { Doctor, doctorFields, doctorFor } from './doctor.ts';
import type { SlotText } from './slot-texts.ts';
import { Slot, slotPieces } from './slot.ts';

export const Schedule = Type.Object(
  { ...doctorFields, slots: arrayOf(Slot) },
  {
    title: 'Schedule',
    description: 'A doctor with the slots of some days, in the order of their starts.',
  },
);
export type ScheduleView = Static<typeof Schedule>;

/** The slots of a short schedule are shown already, because they were read at one instant. */
export const scheduleOf = (
  schedule: DoctorSchedule<SlotText> | LongSchedule,
  role: Role,
): WholeText | Pieces =>
  'slots' in schedule
    ? new WholeText((serialiserOf) => {
        const head = headOf(schedule.doctor, role, serialiserOf);
        const slots = schedule.slots.map((slot) => slot.of(serialiserOf));
        return {
          text: `${head}${slots.map(({ text }) => text).join()}]}`,
          // The hash of hashes, because most of them are known already.
          etag: etagOf(`${head}${slots.map(({ etag }) => etag).join()}`),
        };
      })
    : new Pieces((serialiserOf) => schedulePieces(schedule, role, serialiserOf));

const headOf = (doctor: DoctorFacts, role: Role, serialiserOf: SerialiserOf): string =>
  `${withoutEnd(serialiserOf(Doctor)(doctorFor(role)(doctor)))},"slots":[`;

async function* schedulePieces(
  { doctor, shownSlots, ended }: LongSchedule,
  role: Role,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  yield headOf(doctor, role, serialiserOf);
  let separator = '';
  for await (const { slot, moment } of shownSlots) {
    yield separator;
    yield* inTurns(slotPieces({ slot, moment }, role, serialiserOf), ended);
    separator = ',';
  }
  yield ']}';
}
