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
import { sendProblem } from '../problem.ts';
import { Doctor, doctorOf, Doctors, doctorsOf } from '../resources/doctor.ts';
import { PatientTypes, patientTypesOf } from '../resources/patient-types.ts';
import { Schedule, scheduleOf } from '../resources/schedule.ts';
import { slotOf } from '../resources/slot.ts';
import { schemaOf, shown, type Routes } from '../route.ts';
import { closed, DateText, IdParams, NoQuery } from '../schema.ts';

interface DoctorRoutes {
  readonly clinic: ClinicCommands;
  readonly reads: Reads;
}

/** Bytes that a doctor with all sessions may have. */
const BODY_LIMIT = 256 * 1024;

const ScheduleQuery = closed({
  doctor_id: Id,
  date: Type.Optional(DateText),
  from: Type.Optional(DateText),
  to: Type.Optional(DateText),
});

// Ajv names every fault and so reads every item, however many: a list that is too long must not reach it.
const refuseLongLists: preValidationHookHandler = (request, reply, done) => {
  const errors = longListsOf(request.body);
  if (errors.length > 0) sendProblem(request, reply, 'invalid_request', { errors });
  else done();
};

/** Adds the routes of doctors, their sessions, and their slots with everybody in them. */
export function addDoctorRoutes(routes: Routes, { clinic, reads }: DoctorRoutes): void {
  routes.read({
    url: '/schedule',
    tag: 'Schedule',
    summary: "Read a doctor's slots with everybody in them",
    description: 'Today and tomorrow by default; `date`, or `from` and `to`, 31 days at most.',
    query: ScheduleQuery,
    success: Schedule,
    codes: ['doctor_not_found'],
    run: async ({ query: { doctor_id, ...days } }, identity) => {
      const query = { identity, doctorId: doctorId(doctor_id), ...days };
      return shown(await reads.schedule(query, slotOf), scheduleOf);
    },
  });

  routes.read({
    url: '/doctors',
    tag: 'Doctors',
    summary: 'List the doctors',
    success: Doctors,
    codes: [],
    run: async (_sent, identity) => shown(await reads.doctors({ identity }), doctorsOf),
  });

  routes.read({
    url: '/doctors/:id',
    tag: 'Doctors',
    summary: 'Read a doctor',
    params: IdParams,
    success: Doctor,
    codes: ['doctor_not_found'],
    run: async ({ params }, identity) =>
      shown(await reads.doctor({ identity, doctorId: doctorId(params.id) }), doctorOf),
  });

  routes.command({
    command: 'putDoctor',
    method: 'PUT',
    url: '/doctors/:id',
    tag: 'Doctors',
    summary: 'Add a doctor or revise one',
    description:
      'Repeating it changes nothing. Unused slots ahead follow their session; a slot with a live token stays.',
    params: IdParams,
    body: DoctorInput,
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

  routes.app.get(
    '/patient-types',
    {
      schema: schemaOf({
        tag: 'Doctors',
        summary: 'Read the class table, highest priority first',
        query: NoQuery,
        answers: { 200: PatientTypes },
        codes: ['invalid_request'],
      }),
    },
    () => Promise.resolve(patientTypesOf(reads.patientTypes)),
  );
}
