import { Type } from '@sinclair/typebox';
import { COUNTED, Id } from '../service/index.ts';
import { closed, Count, DateText, Text } from './schemas.ts';

const MinutesOrNull = Type.Unsafe<number | null>({
  type: ['number', 'null'],
  description: 'Minutes, to a tenth, by nearest rank; null when nobody waited and got a seat.',
});

const Wait = Type.Object(
  {
    patients: Count,
    median_minutes: MinutesOrNull,
    p90_minutes: MinutesOrNull,
  },
  {
    description: 'Who waited and got a seat in the end: from the arrival in its slot to the seat.',
  },
);

const counts = {
  ...Object.fromEntries(COUNTED.map((kind) => [kind, Count])),
  seated: Type.Integer({ minimum: 0, description: 'Who holds a seat now, or has used it up.' }),
  waiting: Count,
  wait: Wait,
};

export const DayReport = Type.Object({
  doctor_id: Text,
  date: Text,
  slots: Type.Integer({ minimum: 0, description: 'Slots of the day, closed ones included.' }),
  offered: Type.Integer({ minimum: 0, description: 'Seats of the slots that are not closed.' }),
  total: Type.Object(counts),
  by_class: Type.Array(Type.Object({ type: Text, ...counts }), {
    description: 'The class table, in its order; a token counts under the class it has at the end.',
  }),
  empty_seat_minutes: Type.Number({
    minimum: 0,
    description: 'Seat-minutes that stayed empty while somebody waited: 0.',
  }),
});

export const DayReportCsv = Type.String({
  description: 'RFC 4180: a header line, a line for each class, and TOTAL.',
});

export const DayReportQuery = closed({ doctor_id: Id, date: DateText });
