import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { preValidationHookHandler } from 'fastify';
import {
  DoctorInput,
  longListsOf,
  type ClinicCommands,
  type Reads,
  type Result,
} from '../service/index.ts';
import { callerOf, send } from './answer.ts';
import { BODY_CODES, COMMAND_CODES, problems } from './describe.ts';
import { sendProblem } from './problem.ts';
import {
  Doctor,
  Doctors,
  IdParams,
  NoQuery,
  PatientTypes,
  Schedule,
  ScheduleQuery,
} from './schemas.ts';

interface ClinicRoutes {
  readonly clinic: ClinicCommands;
  readonly reads: Reads;
}

/** Bytes that a doctor with all sessions may take. */
const BODY_LIMIT = 256 * 1024;

const schedule = {
  tags: ['Schedule'],
  summary: "Read a doctor's slots with everybody in them",
  description: 'Today and tomorrow by default; `date`, or `from` and `to`, 31 days at most.',
  querystring: ScheduleQuery,
  response: {
    200: Schedule,
    ...problems(['invalid_request', 'doctor_not_found', 'not_durable']),
  },
};

const doctors = {
  tags: ['Doctors'],
  summary: 'List the doctors',
  querystring: NoQuery,
  response: { 200: Doctors, ...problems(['invalid_request', 'not_durable']) },
};

const doctor = {
  tags: ['Doctors'],
  summary: 'Read a doctor',
  params: IdParams,
  querystring: NoQuery,
  response: {
    200: Doctor,
    ...problems(['invalid_request', 'doctor_not_found', 'not_durable']),
  },
};

const putDoctor = {
  tags: ['Doctors'],
  summary: 'Add a doctor or revise one',
  description:
    'Repeating it changes nothing. Unused slots ahead follow their session; a slot with a live token stays.',
  params: IdParams,
  querystring: NoQuery,
  body: DoctorInput,
  response: {
    200: Doctor,
    201: Doctor,
    ...problems([...BODY_CODES, ...COMMAND_CODES, 'id_taken']),
  },
};

const patientTypes = {
  tags: ['Doctors'],
  summary: 'Read the class table, highest priority first',
  querystring: NoQuery,
  response: { 200: PatientTypes, ...problems(['invalid_request']) },
};

// Ajv names every fault and so looks at every item, however many: a list that is too long must not get there.
const refuseLongLists: preValidationHookHandler = (request, reply, done) => {
  const errors = longListsOf(request.body);
  if (errors.length > 0) sendProblem(request, reply, 'invalid_request', { errors });
  else done();
};

/** Doctors, their sessions, and who is in their slots. */
export const clinicRoutes: FastifyPluginCallbackTypebox<ClinicRoutes> = (app, options, done) => {
  const { clinic, reads } = options;

  app.get(
    '/schedule',
    {
      schema: schedule,
    },
    async (request, reply) => send(request, reply, await reads.schedule(request.query)),
  );

  app.get(
    '/doctors',
    {
      schema: doctors,
    },
    async (request, reply) => send(request, reply, await reads.doctors()),
  );

  app.get(
    '/doctors/:id',
    {
      schema: doctor,
    },
    async (request, reply) => send(request, reply, await reads.doctor(request.params.id)),
  );

  app.put(
    '/doctors/:id',
    {
      bodyLimit: BODY_LIMIT,
      schema: putDoctor,
      preValidation: refuseLongLists,
    },
    async (request, reply) => {
      const result = await clinic.putDoctor(request.params.id, request.body, callerOf(request));
      const isNew = result.ok && result.value.isNew;
      const doctor: Result<unknown> = result.ok ? { ok: true, value: result.value.doctor } : result;
      return send(request, reply, doctor, isNew ? 201 : 200);
    },
  );

  app.get(
    '/patient-types',
    {
      schema: patientTypes,
    },
    () => Promise.resolve({ patient_types: reads.patientTypes }),
  );

  done();
};
