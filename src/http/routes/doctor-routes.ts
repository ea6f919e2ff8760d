import { Type } from '@sinclair/typebox';
import type { preValidationHookHandler } from 'fastify';
import { doctorId } from '../../engine/index.ts';
import {
  DoctorInput,
  Id,
  longListsOf,
  type ClinicCommands,
  type Reads,
} from '../../service/index.ts';
import { Doctor, doctorOf, Doctors, doctorsOf } from '../resources/doctor.ts';
import { PatientTypes, patientTypesOf } from '../resources/patient-types.ts';
import { Schedule, scheduleOf } from '../resources/schedule.ts';
import { slotOf } from '../resources/slot.ts';
import { optionsOf, shown, type Routes } from '../route.ts';
import { closed, DateText, idParams } from '../schema.ts';
import { sendProblem } from '../send-problem.ts';

interface DoctorRoutes {
  readonly clinic: ClinicCommands;
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

/** Adds the routes of doctors, their sessions, and their slots with the patients. */
export function addDoctorRoutes(routes: Routes, { clinic, reads }: DoctorRoutes): void {
  addReads(routes, reads);
  addSetup(routes, clinic);
}

function addReads(routes: Routes, reads: Reads): void {
  routes.read({
    name: 'readSchedule',
    url: '/schedule',
    tag: 'Schedule',
    summary: "Read a doctor's slots with their patients",
    description:
      'The slots of `date`, or of the days from `from` to `to` (31 at most), or else of today and tomorrow. Each slot lists its seated and its waiting patients, the best rank first.',
    query: ScheduleQuery,
    success: Schedule,
    codes: ['doctor_not_found', 'overloaded'],
    run: async ({ query: { doctor_id, ...days } }, asked) => {
      const query = { ...asked, doctorId: doctorId(doctor_id), ...days };
      return shown(await reads.schedule(query, slotOf), scheduleOf);
    },
  });

  routes.read({
    name: 'listDoctors',
    url: '/doctors',
    tag: 'Doctors',
    summary: 'List the doctors',
    description: 'All doctors with their sessions, in the order of their ids.',
    success: Doctors,
    codes: ['overloaded'],
    run: async (_sent, asked) => shown(await reads.doctors(asked), doctorsOf),
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
      shown(await reads.doctor({ ...asked, doctorId: doctorId(params.id) }), doctorOf),
  });

  routes.app.get(
    '/patient-types',
    optionsOf({
      name: 'listPatientTypes',
      tag: 'Doctors',
      summary: 'Read the class table',
      description: 'The classes of patients with their priorities, the highest first.',
      answers: { 200: PatientTypes },
      codes: ['invalid_request'],
    }),
    () => Promise.resolve(patientTypesOf(reads.patientTypes)),
  );
}

function addSetup(routes: Routes, clinic: ClinicCommands): void {
  routes.command({
    command: 'putDoctor',
    method: 'PUT',
    url: '/doctors/:id',
    tag: 'Doctors',
    summary: 'Add or change a doctor',
    description:
      'The body is the whole doctor: a session that it leaves out is removed. Future slots without a live token change with their session; the others stay. To repeat the request changes nothing.',
    params: idParams('The id of the doctor, new or known.', 'doc4'),
    body: DoctorBody,
    bodyLimit: BODY_LIMIT,
    preValidation: refuseLongLists,
    statuses: [200, 201],
    success: Doctor,
    run: async ({ params, body }, context, reply) => {
      const { result, isReplay } = await clinic.putDoctor(params.id, body, context, (put) => put);
      if (result.ok && result.value.isNew) reply.code(201);
      return { result: shown(result, ({ doctor }) => doctorOf(doctor)), isReplay };
    },
  });
}
