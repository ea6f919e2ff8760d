import { Type } from '@sinclair/typebox';
import { doctorId, localDate, slotId } from '../../engine/index.ts';
import { Capacity, Id, type ClinicCommands } from '../../service/index.ts';
import {
  ClosedSlot,
  closedSlotOf,
  Delay,
  delayOf,
  RevisedSlot,
  revisedSlotOf,
  Slot,
  slotOf,
} from '../resources/slot.ts';
import type { Routes } from '../route.ts';
import { closed, DateText, IdParams, oneOf, Reason } from '../schema.ts';

interface SlotRoutes {
  readonly clinic: ClinicCommands;
}

const SlotBody = closed({
  doctor_id: Id,
  start_time: Type.String({ format: 'date-time' }),
  end_time: Type.String({ format: 'date-time' }),
  capacity: Capacity,
  id: Type.Optional(Id),
});

const DelayMinutes = Type.Integer({
  minimum: 0,
  maximum: 1_440,
  description: 'By how much the doctor runs late.',
});

const ReviseSlotBody = Type.Unsafe<{
  readonly capacity?: number;
  readonly delay_minutes?: number;
}>({
  ...closed({ capacity: Type.Optional(Capacity), delay_minutes: Type.Optional(DelayMinutes) }),
  minProperties: 1,
});

const CloseBody = closed({ reason: Reason, move_to: Type.Optional(Id) });

const DelayBody = closed({ date: DateText, minutes: DelayMinutes });

const DryRunQuery = closed({
  dry_run: Type.Optional(
    oneOf(['true', 'false'], 'Whether the command is only tried: the same answer, no change.'),
  ),
});

const DRY_RUN = 'With `dry_run=true` the answer is the same and nothing is changed.';

/** Adds the routes by which slots are opened, and changed while patients are in them. */
export function addSlotRoutes(routes: Routes, { clinic }: SlotRoutes): void {
  addOpening(routes, clinic);
  addDisruptions(routes, clinic);
}

function addOpening(routes: Routes, clinic: ClinicCommands): void {
  routes.command({
    command: 'addSlot',
    url: '/slots',
    tag: 'Slots',
    summary: 'Open a single slot outside the sessions',
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
    summary: "Set a slot's seats and delay",
    description: `More seats promote who waits, fewer bump the weakest. ${DRY_RUN}`,
    params: IdParams,
    query: DryRunQuery,
    body: ReviseSlotBody,
    success: RevisedSlot,
    run: ({ params, query, body }, context) =>
      clinic.reviseSlot(
        {
          slotId: slotId(params.id),
          capacity: body.capacity,
          delayMinutes: body.delay_minutes,
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
    description: `Every live patient is listed with the outcome. ${DRY_RUN}`,
    params: IdParams,
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
    command: 'delayDay',
    url: '/doctors/:id/delay',
    tag: 'Slots',
    summary: 'Say by how much a doctor runs late on a day',
    description: `Sets the delay of the open slots of the day that have not ended. ${DRY_RUN}`,
    params: IdParams,
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
