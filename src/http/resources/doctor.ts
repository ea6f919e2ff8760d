import { Type, type Static } from '@sinclair/typebox';
import { WEEKDAYS, type DoctorFacts } from '../../engine/index.ts';
import type { Doctors as AllDoctors } from '../../service/index.ts';
import { itemsOf, Pieces, type SerialiserOf } from '../pieces.ts';
import { arrayOf, Count, oneOf, Text } from '../schema.ts';

const Session = Type.Object(
  {
    id: Text,
    weekdays: arrayOf(oneOf(WEEKDAYS)),
    start: Text,
    end: Text,
    capacity: Count,
  },
  {
    title: 'Session',
    description: 'Weekly hours of a doctor; they yield a slot on each of the weekdays.',
  },
);

/** The fields of a doctor; a schedule spreads them. */
export const doctorFields = {
  id: Text,
  name: Text,
  department: Type.Optional(Text),
  time_zone: Text,
  sessions: arrayOf(Session),
};

export const Doctor = Type.Object(doctorFields, {
  title: 'Doctor',
  description: 'A doctor with the sessions.',
});
export type DoctorView = Static<typeof Doctor>;

export const doctorOf = (facts: DoctorFacts): DoctorView => ({
  id: facts.id,
  name: facts.name,
  ...(facts.department === null ? {} : { department: facts.department }),
  time_zone: facts.timeZone,
  sessions: facts.sessions.map(({ id, weekdays, start, end, capacity }) => ({
    id,
    weekdays,
    start,
    end,
    capacity,
  })),
});

export const Doctors = Type.Object(
  { doctors: arrayOf(Doctor) },
  { title: 'Doctors', description: 'All doctors, in the order of their ids.' },
);
export type DoctorsView = Static<typeof Doctors>;

export const doctorsOf = ({ doctors }: AllDoctors): DoctorsView | Pieces =>
  Symbol.asyncIterator in doctors
    ? new Pieces((serialiserOf) => doctorsPieces(doctors, serialiserOf))
    : { doctors: doctors.map(doctorOf) };

async function* doctorsPieces(
  slices: AsyncIterable<readonly DoctorFacts[]>,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  yield '{"doctors":[';
  const serialise = serialiserOf(Doctor);
  yield* itemsOf(slices, (doctor) => serialise(doctorOf(doctor)));
  yield ']}';
}
