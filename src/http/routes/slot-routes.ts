import { Type } from '@sinclair/typebox';
import { doctorId, INTAKES, localDate, slotId, type Intake } from '../../engine/index.ts';
import { Capacity, Id, type ClinicCommands, type Reads } from '../../service/index.ts';
import { EXAMPLE_DATE } from '../examples.ts';
import {
  Break,
  breakOf,
  ClosedSlot,
  closedSlotOf,
  Delay,
  delayOf,
  readSlotOf,
  ReopenedSlot,
  reopenedSlotOf,
  RevisedSlot,
  revisedSlotOf,
  Slot,
  slotFor,
  slotOf,
} from '../resources/slot.ts';
import { shown, type Routes } from '../route.ts';
import {
  closed,
  DateText,
  DRY_RUN,
  DryRunQuery,
  idParams,
  InstantText,
  oneOf,
  Reason,
} from '../schema.ts';

interface SlotRoutes {
  readonly clinic: ClinicCommands;
  readonly reads: Reads;
}

const SlotBody = closed(
  {
    doctor_id: Id,
    start_time: InstantText,
    end_time: Type.String({ ...InstantText, description: 'Later than `start_time`.' }),
    capacity: Capacity,
    id: Type.Optional(Id),
  },
  {
    title: 'SlotRequest',
    examples: [
      {
        doctor_id: 'doc1',
        start_time: `${EXAMPLE_DATE}T14:00:00Z`,
        end_time: `${EXAMPLE_DATE}T15:00:00Z`,
        capacity: 3,
      },
    ],
  },
);

const DelayMinutes = Type.Integer({
  minimum: 0,
  maximum: 1_440,
  description: 'By how much the doctor runs late.',
});

const ReviseSlotBody = Type.Unsafe<{
  readonly capacity?: number;
  readonly delay_minutes?: number;
  readonly intake?: Intake;
}>({
  ...closed({
    capacity: Type.Optional(Capacity),
    delay_minutes: Type.Optional(DelayMinutes),
    intake: Type.Optional(
      oneOf(INTAKES, {
        description:
          '`NONE`: nobody new, the patients of the slot are seen; `EMERGENCY`: new emergencies only.',
      }),
    ),
  }),
  minProperties: 1,
  title: 'ReviseSlotRequest',
  examples: [{ capacity: 4 }],
});

const CloseBody = closed(
  {
    reason: Reason,
    move_to: Type.Optional(
      Type.String({
        ...Id,
        description:
          'The slot that gets the patients; with the id of a session, its next slot that starts no earlier. Left out, the patients are cancelled.',
      }),
    ),
  },
  {
    title: 'CloseSlotRequest',
    examples: [{ reason: 'Dr. A is ill', move_to: 'doc2_slot1' }],
  },
);

const DelayBody = closed(
  { date: DateText, minutes: DelayMinutes },
  { title: 'DelayRequest', examples: [{ date: EXAMPLE_DATE, minutes: 20 }] },
);

const ReopenBody = closed(
  { reason: Reason },
  { title: 'ReopenSlotRequest', examples: [{ reason: 'Dr. A is well again' }] },
);

const BreakBody = closed(
  {
    minutes: Type.Integer({
      minimum: 0,
      maximum: 1_440,
      description: 'How long the break lasts from now on; 0 ends it.',
    }),
    reason: Type.Optional(Reason),
  },
  { title: 'BreakRequest', examples: [{ minutes: 15, reason: 'tea' }] },
);

const SlotParams = idParams(
  'The own id of the slot; the id of a session is not accepted here.',
  `doc1_slot1@${EXAMPLE_DATE}`,
);

/** Adds the routes by which slots are opened, and changed while patients are in them. */
export function addSlotRoutes(routes: Routes, { clinic, reads }: SlotRoutes): void {
  addReads(routes, reads);
  addOpening(routes, clinic);
  addDisruptions(routes, clinic);
  addDoctorDay(routes, clinic);
}

function addReads(routes: Routes, reads: Reads): void {
  routes.read({
    name: 'readSlot',
    url: '/slots/:id',
    tag: 'Slots',
    summary: 'Read a slot with its patients',
    description:
      'A slot of any age, with its seated and its waiting patients, the best rank first.',
    params: idParams(
      'The id of a slot, or of a session: it means the next slot that takes bookings.',
      `doc1_slot1@${EXAMPLE_DATE}`,
    ),
    success: Slot,
    codes: ['slot_not_found'],
    run: async ({ params }, asked) =>
      shown(
        await reads.slot({ ...asked, slotId: slotId(params.id) }, slotFor(asked.identity.role)),
        (read) => readSlotOf(read, asked.identity.role),
      ),
  });
}

function addOpening(routes: Routes, clinic: ClinicCommands): void {
  routes.command({
    command: 'addSlot',
    url: '/slots',
    tag: 'Slots',
    summary: 'Open a single slot',
    description: 'The slot belongs to no session. Without an `id` it gets a new one.',
    body: SlotBody,
    statuses: [201],
    success: Slot,
    run: ({ body }, context) => clinic.addSlot(body, context, slotOf),
  });

  routes.command({
    command: 'reviseSlot',
    method: 'PATCH',
    url: '/slots/:id',
    tag: 'Slots',
    summary: 'Change the seats, the delay or the intake of a slot',
    description: `More seats promote waiting patients; fewer seats bump the lowest ranks. The intake says which new patients the slot takes. ${DRY_RUN}`,
    params: SlotParams,
    query: DryRunQuery,
    body: ReviseSlotBody,
    success: RevisedSlot,
    run: ({ params, query, body }, context) =>
      clinic.reviseSlot(
        {
          slotId: slotId(params.id),
          capacity: body.capacity,
          delayMinutes: body.delay_minutes,
          intake: body.intake,
          isDryRun: query.dry_run === 'true',
        },
        context,
        revisedSlotOf,
      ),
  });
}

function addDisruptions(routes: Routes, clinic: ClinicCommands): void {
  routes.command({
    command: 'closeSlot',
    url: '/slots/:id/close',
    tag: 'Slots',
    summary: 'Close a slot and move or cancel its patients',
    description: `The answer lists every affected patient with the outcome. ${DRY_RUN}`,
    params: SlotParams,
    query: DryRunQuery,
    body: CloseBody,
    success: ClosedSlot,
    run: ({ params, query, body }, context) =>
      clinic.closeSlot(
        {
          slotId: slotId(params.id),
          reason: body.reason,
          moveTo: body.move_to === undefined ? null : slotId(body.move_to),
          isDryRun: query.dry_run === 'true',
        },
        context,
        closedSlotOf,
      ),
  });

  routes.command({
    command: 'reopenSlot',
    url: '/slots/:id/reopen',
    tag: 'Slots',
    summary: 'Open a closed slot again',
    description:
      'Possible until the slot has ended. The patients whom the closing moved or cancelled stay where they are; the answer lists them as they are now. A slot that is open stays as it is.',
    params: SlotParams,
    body: ReopenBody,
    success: ReopenedSlot,
    run: ({ params, body: { reason } }, context) =>
      clinic.reopenSlot({ slotId: slotId(params.id), reason }, context, reopenedSlotOf),
  });
}

/** The commands on a doctor's day. */
function addDoctorDay(routes: Routes, clinic: ClinicCommands): void {
  routes.command({
    command: 'setBreak',
    url: '/doctors/:id/break',
    tag: 'Slots',
    summary: 'Say how long a doctor pauses from now on',
    description:
      'The estimated times begin at the end of the break at the earliest. Patients can be called all the same.',
    params: idParams('The id of the doctor.', 'doc1'),
    body: BreakBody,
    success: Break,
    run: ({ params, body: { minutes, reason = null } }, context) =>
      clinic.setBreak({ doctorId: doctorId(params.id), minutes, reason }, context, breakOf),
  });

  routes.command({
    command: 'delayDay',
    url: '/doctors/:id/delay',
    tag: 'Slots',
    summary: 'Say by how much a doctor runs late on a day',
    description: `Sets the delay of the open slots of the day that have not ended. ${DRY_RUN}`,
    params: idParams('The id of the doctor.', 'doc1'),
    query: DryRunQuery,
    body: DelayBody,
    success: Delay,
    run: ({ params, query, body }, context) =>
      clinic.delayDay(
        {
          doctorId: doctorId(params.id),
          date: localDate(body.date),
          minutes: body.minutes,
          isDryRun: query.dry_run === 'true',
        },
        context,
        delayOf,
      ),
  });
}
