import { Type } from '@sinclair/typebox';
import type { preValidationHookHandler } from 'fastify';
import { doctorId } from '../../engine/index.ts';
import {
  DoctorInput,
  Id,
  longListsOf,
  type DoctorCommands,
  type Reads,
} from '../../service/index.ts';
import {
  Doctor,
  doctorFor,
  doctorOf,
  Doctors,
  doctorsOf,
  PutDoctor,
  putDoctorOf,
} from '../resources/doctor.ts';
import { PatientTypes, patientTypesOf } from '../resources/patient-types.ts';
import { Queue, queueOf, queueTokenFor } from '../resources/queue.ts';
import { Schedule, scheduleOf } from '../resources/schedule.ts';
import { SlotTexts } from '../resources/slot-texts.ts';
import { optionsOf, shown, type Routes } from '../route.ts';
import { closed, DateText, idParams, oneOf } from '../schema.ts';
import { addLeaveRoutes } from './leave-routes.ts';
import { sendProblem } from '../send-problem.ts';

interface DoctorRoutes {
  readonly doctors: DoctorCommands;
  readonly reads: Reads;
}

/** Bytes that a doctor with all sessions may have. */
const BODY_LIMIT = 256 * 1024;

const ScheduleQuery = closed({
  doctor_id: Type.String({ ...Id, examples: ['doc1'] }),
  date: Type.Optional(DateText),
  from: Type.Optional(DateText),
  to: Type.Optional(DateText),
});

const QueueQuery = closed({
  doctor_id: Type.Optional(
    Type.Unsafe<string | readonly string[]>({
      anyOf: [Id, { type: 'array', items: Id, minItems: 1, maxItems: 1_000 }],
      description: 'One doctor, or several: `doctor_id=doc1&doctor_id=doc2`. All by default.',
    }),
  ),
  date: Type.Optional(DateText),
});
const DoctorsQuery = closed({ retired: Type.Optional(oneOf(['true', 'false'])) });

const DoctorBody = Type.Unsafe<DoctorInput>({
  ...DoctorInput,
  title: 'DoctorRequest',
  examples: [
    {
      name: 'Dr. D (Dermatology)',
      department: 'Dermatology',
      time_zone: 'Asia/Kolkata',
      sessions: [
        {
          id: 'doc4_morning',
          weekdays: ['mon', 'tue', 'wed', 'thu', 'fri'],
          start: '09:00',
          end: '12:00',
          capacity: 12,
        },
      ],
    },
  ],
});

// Ajv names every fault and so reads every item, however many: a list that is too long must not reach it.
const refuseLongLists: preValidationHookHandler = (request, reply, done) => {
  const errors = longListsOf(request.body);
  if (errors.length > 0) sendProblem(request, reply, 'invalid_request', { errors });
  else done();
};

/** Adds the routes of doctors, their sessions and leaves, and their slots with the patients. */
export function addDoctorRoutes(routes: Routes, { doctors, reads }: DoctorRoutes): void {
  addSchedule(routes, reads);
  addReads(routes, reads);
  addQueue(routes, reads);
  addSetup(routes, doctors);
  addLeaveRoutes(routes, { doctors, reads });
}

function addQueue(routes: Routes, reads: Reads): void {
  routes.read({
    name: 'readQueue',
    url: '/queue',
    tag: 'Schedule',
    summary: 'Read who is called next, without names',
    description:
      "Doctor by doctor the day in the order in which patients are called: who is with the doctor and in which room, who is next, who was skipped and who waits. Today in the doctor's time zone unless a `date` is given.",
    query: QueueQuery,
    success: Queue,
    cacheControl: 'private, no-cache',
    codes: ['doctor_not_found'],
    run: async ({ query: { doctor_id = [], date } }, asked) => {
      const doctorIds = [doctor_id].flat().map(doctorId);
      const project = queueTokenFor(asked.identity.role);
      return shown(await reads.queue({ ...asked, doctorIds, date }, project), (queue) =>
        queueOf(queue, project),
      );
    },
  });
}

function addSchedule(routes: Routes, reads: Reads): void {
  const slotTexts = new SlotTexts();
  routes.read({
    name: 'readSchedule',
    url: '/schedule',
    tag: 'Schedule',
    summary: "Read a doctor's slots with their patients",
    description:
      'The slots of `date`, or of the days from `from` to `to` (31 at most), or else of today and tomorrow. Each slot lists its seated and its waiting patients, the best rank first.',
    query: ScheduleQuery,
    success: Schedule,
    cacheControl: 'no-store',
    codes: ['doctor_not_found'],
    run: async ({ query: { doctor_id, ...days } }, asked) => {
      const query = { ...asked, doctorId: doctorId(doctor_id), ...days };
      const { role } = asked.identity;
      return shown(await reads.schedule(query, slotTexts.for(role)), (schedule) =>
        scheduleOf(schedule, role),
      );
    },
  });
}

function addReads(routes: Routes, reads: Reads): void {
  routes.read({
    name: 'listDoctors',
    url: '/doctors',
    tag: 'Doctors',
    summary: 'List the doctors',
    description:
      'All doctors with their sessions, in the order of their ids. With `retired=true` the doctors who have left instead.',
    query: DoctorsQuery,
    success: Doctors,
    codes: [],
    run: async ({ query }, asked) => {
      const retired = query.retired === 'true';
      return shown(await reads.doctors({ ...asked, retired }), (doctors) =>
        doctorsOf(doctors, asked.identity.role),
      );
    },
  });

  routes.read({
    name: 'readDoctor',
    url: '/doctors/:id',
    tag: 'Doctors',
    summary: 'Read a doctor',
    description: 'The doctor with the sessions, without slots.',
    params: idParams('The id of the doctor.', 'doc1'),
    success: Doctor,
    codes: ['doctor_not_found'],
    run: async ({ params }, asked) =>
      shown(
        await reads.doctor({ ...asked, doctorId: doctorId(params.id) }),
        doctorFor(asked.identity.role),
      ),
  });

  const options = {
    ...optionsOf({
      name: 'listPatientTypes',
      tag: 'Doctors',
      summary: 'Read the class table',
      description: 'The classes of patients with their priorities, the highest first.',
      answers: { 200: PatientTypes },
      codes: ['invalid_request'],
    }),
    onRequest: routes.access.hook('listPatientTypes'),
  };
  routes.app.get('/patient-types', options, () =>
    Promise.resolve(patientTypesOf(reads.patientTypes)),
  );
}

function addSetup(routes: Routes, doctors: DoctorCommands): void {
  routes.command({
    command: 'putDoctor',
    method: 'PUT',
    url: '/doctors/:id',
    tag: 'Doctors',
    summary: 'Add or change a doctor',
    description:
      'The body is the whole doctor: a session that it leaves out is removed. Slots without a live token follow their session. The others are kept for their patients, take nobody new, and are listed. The leaves of the doctor stay, and a retired doctor is back. To repeat the request changes nothing.',
    params: idParams('The id of the doctor, new or known.', 'doc4'),
    body: DoctorBody,
    bodyLimit: BODY_LIMIT,
    preValidation: refuseLongLists,
    statuses: [200, 201],
    success: PutDoctor,
    run: async ({ params, body }, context, reply) => {
      // The view is made at the instant of the decision, because kept slots go on changing.
      const { result, isReplay } = await doctors.putDoctor(params.id, body, context, (put) => ({
        isNew: put.isNew,
        view: putDoctorOf(put),
      }));
      if (result.ok && result.value.isNew) reply.code(201);
      return { result: shown(result, ({ view }) => view), isReplay };
    },
  });

  routes.command({
    command: 'retireDoctor',
    method: 'DELETE',
    url: '/doctors/:id',
    tag: 'Doctors',
    summary: 'Retire a doctor',
    description:
      'The doctor gets no new slots, the empty ones close, and lists leave the doctor out. What happened stays readable. A `PUT` brings the doctor back.',
    params: idParams('The id of the doctor.', 'doc3'),
    success: Doctor,
    run: ({ params }, context) => doctors.retireDoctor(doctorId(params.id), context, doctorOf),
  });
}
