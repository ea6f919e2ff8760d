import { Type } from '@sinclair/typebox';
import type { preValidationHookHandler } from 'fastify';
import { doctorId, leaveId, slotId } from '../../engine/index.ts';
import { HolidayInput, Id, LIMITS, type DoctorCommands, type Reads } from '../../service/index.ts';
import { EXAMPLE_DATE, EXAMPLE_LEAVE_ID } from '../examples.ts';
import {
  Holidays,
  holidaysOf,
  PutHolidays,
  putHolidaysOf,
  ReturnedLeave,
  returnedLeaveOf,
  TakenLeave,
  takenLeaveOf,
} from '../resources/leave.ts';
import { shown, type Routes } from '../route.ts';
import { closed, DateText, DRY_RUN, DryRunQuery, idParams, Reason } from '../schema.ts';
import { sendProblem } from '../send-problem.ts';

interface LeaveRoutes {
  readonly doctors: DoctorCommands;
  readonly reads: Reads;
}

/** Bytes that a list of holidays may have. */
const BODY_LIMIT = 256 * 1024;

const LeaveBody = closed(
  {
    from: DateText,
    to: Type.String({ ...DateText, description: 'The last date, such as `2026-11-27`.' }),
    reason: Reason,
    move_to: Type.Optional(
      Type.String({
        ...Id,
        description:
          'The slot that gets the patients; with the id of a session, for each slot the next slot of the session that is not on leave. Left out, the patients are cancelled.',
      }),
    ),
  },
  {
    title: 'LeaveRequest',
    examples: [{ from: EXAMPLE_DATE, to: EXAMPLE_DATE, reason: 'A course', move_to: 'doc2_slot1' }],
  },
);

const LeaveParams = closed({
  id: Type.String({ ...Id, description: 'The id of the doctor.', examples: ['doc3'] }),
  leave_id: Type.String({
    ...Id,
    description: 'The id of the leave, as the doctor shows it.',
    examples: [EXAMPLE_LEAVE_ID],
  }),
});

const HolidaysBody = Type.Array(HolidayInput, {
  title: 'HolidaysRequest',
  maxItems: LIMITS.holidaysMax,
  // Not the day of the other examples, because their slots would be closed.
  examples: [[{ date: '2100-01-01', name: 'New Year' }]],
});

// Ajv names every fault and so reads every item, however many: a list that is too long must not reach it.
const refuseLongList: preValidationHookHandler = (request, reply, done) => {
  const isTooLong = Array.isArray(request.body) && request.body.length > LIMITS.holidaysMax;
  const detail = `must be a list of at most ${LIMITS.holidaysMax.toLocaleString('en')} items`;
  if (isTooLong)
    sendProblem(request, reply, 'invalid_request', { errors: [{ pointer: '', detail }] });
  else done();
};

/** Adds the routes of the leaves of a doctor and of the hospital's holidays. */
export function addLeaveRoutes(routes: Routes, { doctors, reads }: LeaveRoutes): void {
  addLeaves(routes, doctors);
  addHolidays(routes, doctors, reads);
}

function addLeaves(routes: Routes, doctors: DoctorCommands): void {
  routes.command({
    command: 'takeLeave',
    url: '/doctors/:id/leave',
    tag: 'Doctors',
    summary: 'Put a doctor on leave',
    description: `On these dates the sessions yield no slot, however far ahead. Slots that exist are closed, and their patients are moved or cancelled and listed. ${DRY_RUN}`,
    params: idParams('The id of the doctor.', 'doc3'),
    query: DryRunQuery,
    body: LeaveBody,
    success: TakenLeave,
    run: ({ params, query, body: { move_to, ...dates } }, context) =>
      doctors.takeLeave(
        {
          ...dates,
          doctorId: doctorId(params.id),
          moveTo: move_to === undefined ? null : slotId(move_to),
          isDryRun: query.dry_run === 'true',
        },
        context,
        takenLeaveOf,
      ),
  });

  routes.command({
    command: 'endLeave',
    method: 'DELETE',
    url: '/doctors/:id/leave/:leave_id',
    tag: 'Doctors',
    summary: 'Take a leave back',
    description:
      'The slots of its dates open again, as their sessions yield them now. Patients who were moved or cancelled stay where they are.',
    params: LeaveParams,
    success: ReturnedLeave,
    run: ({ params }, context) =>
      doctors.endLeave(
        { doctorId: doctorId(params.id), leaveId: leaveId(params.leave_id) },
        context,
        returnedLeaveOf,
      ),
  });
}

function addHolidays(routes: Routes, doctors: DoctorCommands, reads: Reads): void {
  routes.read({
    name: 'listHolidays',
    url: '/holidays',
    tag: 'Doctors',
    summary: 'List the holidays of the hospital',
    description: 'The dates on which no session of any doctor yields a slot.',
    success: Holidays,
    codes: [],
    run: async (_sent, asked) => shown(await reads.holidays(asked), holidaysOf),
  });

  routes.command({
    command: 'putHolidays',
    method: 'PUT',
    url: '/holidays',
    tag: 'Doctors',
    summary: 'Set the holidays of the hospital',
    description: `The body is the whole list. Slots on new holidays are closed, and their patients are cancelled and listed; slots on removed ones open again. ${DRY_RUN}`,
    query: DryRunQuery,
    body: HolidaysBody,
    bodyLimit: BODY_LIMIT,
    preValidation: refuseLongList,
    success: PutHolidays,
    run: ({ query, body }, context) =>
      doctors.putHolidays(
        { holidays: body, isDryRun: query.dry_run === 'true' },
        context,
        putHolidaysOf,
      ),
  });
}
