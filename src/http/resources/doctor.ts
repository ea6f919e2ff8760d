import { Type, type Static } from '@sinclair/typebox';
import {
  WEEKDAYS,
  type DoctorFacts,
  type Leave as DoctorLeave,
  type Session as DoctorSession,
  type Slot,
} from '../../engine/index.ts';
import {
  instantOf,
  seesPatients,
  type Doctors as AllDoctors,
  type PutDoctor as EnginePutDoctor,
  type Role,
} from '../../service/index.ts';
import { itemsOf, Pieces, type SerialiserOf } from '../pieces.ts';
import { arrayOf, Count, Instant, oneOf, Text } from '../schema.ts';

const Session = Type.Object(
  {
    id: Text,
    weekdays: arrayOf(oneOf(WEEKDAYS)),
    start: Text,
    end: Text,
    capacity: Count,
    valid_from: Type.Optional(Text),
    valid_until: Type.Optional(Text),
    every_weeks: Type.Integer({ minimum: 1 }),
  },
  {
    title: 'Session',
    description: 'Weekly hours of a doctor; they yield a slot on each of the weekdays.',
  },
);

const Leave = Type.Object(
  { id: Text, from: Text, to: Text, reason: Text },
  { title: 'Leave', description: 'Dates on which the sessions of a doctor yield no slot.' },
);

/** The fields of a doctor; a schedule spreads them. */
export const doctorFields = {
  id: Text,
  name: Text,
  department: Type.Optional(Text),
  time_zone: Text,
  rooms: Type.Integer({ minimum: 1, description: 'Patients who can be in consultation at once.' }),
  retired: Type.Optional(Type.Boolean({ description: '`true` when the doctor has left.' })),
  sessions: arrayOf(Session),
  leaves: Type.Optional(arrayOf(Leave, 'In the order of their first dates.')),
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
  rooms: facts.rooms,
  ...(facts.isRetired ? { retired: true } : {}),
  sessions: facts.sessions.map(sessionOf),
  ...(facts.leaves.length === 0 ? {} : { leaves: facts.leaves.map(leaveOf) }),
});

/** A doctor as patients see one: without the leaves, because their reasons are the doctor's own affair. */
export function publicDoctorOf(facts: DoctorFacts): DoctorView {
  const { leaves: _, ...doctor } = doctorOf(facts);
  return doctor;
}

/** How a doctor is shown to a role. */
export const doctorFor = (role: Role): typeof doctorOf =>
  seesPatients(role) ? doctorOf : publicDoctorOf;

const leaveOf = ({ id, from, to, reason }: DoctorLeave): Static<typeof Leave> => ({
  ...{ id, from, to, reason },
});

const sessionOf = (session: DoctorSession): Static<typeof Session> => ({
  id: session.id,
  weekdays: session.weekdays,
  start: session.start,
  end: session.end,
  capacity: session.capacity,
  ...(session.validFrom === null ? {} : { valid_from: session.validFrom }),
  ...(session.validUntil === null ? {} : { valid_until: session.validUntil }),
  every_weeks: session.everyWeeks,
});

const KeptSlot = Type.Object(
  { id: Text, start_time: Instant, end_time: Instant, seated: Count, waiting: Count },
  {
    title: 'KeptSlot',
    description: 'A slot that the sessions no longer yield: it is kept for its patients.',
  },
);

const Overlap = Type.Object(
  { sessions: arrayOf(Text), date: Text },
  {
    title: 'Overlap',
    description: 'Two sessions that sit at the same time, and the first date on which they do.',
  },
);

/** The answer to a doctor who was added or changed. */
export const PutDoctor = Type.Object(
  {
    ...doctorFields,
    kept_slots: arrayOf(
      KeptSlot,
      'They take nobody new, and follow their session when their last patient is gone.',
    ),
    overlaps: arrayOf(Overlap, 'Sessions that overlap; that is allowed.'),
  },
  {
    title: 'PutDoctor',
    description: 'The doctor, the slots that are kept, and the sessions that overlap.',
  },
);
export type PutDoctorView = Static<typeof PutDoctor>;

export const putDoctorOf = ({ doctor, kept, overlaps }: EnginePutDoctor): PutDoctorView => ({
  ...doctorOf(doctor),
  kept_slots: kept.map(keptSlotOf),
  overlaps: overlaps.map(({ sessions, date }) => ({ sessions, date })),
});

const keptSlotOf = ({ facts, seated, waiting }: Slot): Static<typeof KeptSlot> => ({
  id: facts.id,
  start_time: instantOf(facts.startTime),
  end_time: instantOf(facts.endTime),
  seated,
  waiting,
});

export const Doctors = Type.Object(
  { doctors: arrayOf(Doctor) },
  { title: 'Doctors', description: 'Doctors in the order of their ids.' },
);
export type DoctorsView = Static<typeof Doctors>;

export const doctorsOf = ({ doctors }: AllDoctors, role: Role): DoctorsView | Pieces =>
  Symbol.asyncIterator in doctors
    ? new Pieces((serialiserOf) => doctorsPieces(doctors, role, serialiserOf))
    : { doctors: doctors.map(doctorFor(role)) };

async function* doctorsPieces(
  slices: AsyncIterable<readonly DoctorFacts[]>,
  role: Role,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  yield '{"doctors":[';
  const serialise = serialiserOf(Doctor);
  yield* itemsOf(slices, (doctor) => serialise(doctorFor(role)(doctor)));
  yield ']}';
}
