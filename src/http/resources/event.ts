import { Type, type Static } from '@sinclair/typebox';
import { HOSPITAL } from '../../engine/index.ts';
import {
  EVENT_TYPES,
  instantOf,
  type ChangesPage,
  type EventDetail,
  type PublicEvent,
} from '../../service/index.ts';
import { arrayOf, Count, Instant, oneOf, orNull, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

export const EventTypeName = oneOf(EVENT_TYPES, { title: 'EventType' });

/** An event: something that has happened and is durable. */
export const Event = Type.Object(
  {
    id: Type.String({ description: 'The cursor of the event: reading goes on behind it.' }),
    type: EventTypeName,
    at: Instant,
    doctor_id: TextOrNull('Null when the holidays of the hospital changed.'),
    version: Type.Integer({
      minimum: 1,
      description: "The doctor's events count up by 1, whatever part of them is read.",
    }),
    slot_id: TextOrNull('Null for events of a doctor.'),
    token_id: Type.Optional(
      TextOrNull('Null for events of a doctor or a slot; a `display` does not get it.'),
    ),
    number: orNull(Count),
    patient_type: TextOrNull('The class after the event.'),
    patient_name: Type.Optional(
      TextOrNull('The name after the event, for roles that see the patients.'),
    ),
    patient_id: Type.Optional(TextOrNull('The id after the event, as `patient_name`.')),
    room: TextOrNull('The room to which the patient was called; null when none was named.'),
    old_status: orNull(StatusName),
    new_status: orNull(StatusName),
    waitlist_position: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description:
        'The place that the token came to by the event: 1 is next; null when it does not wait.',
    }),
    cause: Type.Optional(
      TextOrNull(
        'The token that caused the event: the newcomer of a bump, or the token whose seat became free; a `display` does not get it.',
      ),
    ),
    break_until: orNull(Instant),
  },
  { title: 'Event', description: 'Something that has happened to a token, a slot or a doctor.' },
);
export type EventView = Static<typeof Event>;

export const EventChanges = Type.Object(
  {
    events: arrayOf(Event),
    cursor: Type.String({ description: 'The `after` of the next request.' }),
    has_more: Type.Boolean({ description: 'Whether there are more events already.' }),
  },
  { title: 'Changes', description: 'Some of the events, in their order.' },
);

export const changesOf = (
  { events, cursor, hasMore }: ChangesPage,
  detail: EventDetail,
): Static<typeof EventChanges> => ({
  events: events.map((event) => eventOf(event, detail)),
  cursor,
  has_more: hasMore,
});

export const EventTicket = Type.Object(
  {
    ticket: Type.String({ description: 'The `ticket` of a stream. It is a secret.' }),
    expires_at: Instant,
  },
  { title: 'EventTicket', description: 'Opens streams of events until it expires.' },
);

/** The event as it is shown. The order of the fields is that of the schema. */
export function eventOf(event: PublicEvent, detail: EventDetail): EventView {
  const { token, breakUntil } = event;
  const showsIds = detail !== 'numbers';
  return {
    id: event.id,
    type: event.type,
    at: instantOf(event.at),
    doctor_id: event.doctorId === HOSPITAL ? null : event.doctorId,
    version: event.version,
    slot_id: event.slotId,
    ...(showsIds ? { token_id: event.tokenId } : {}),
    number: token?.number ?? null,
    patient_type: token?.patientType ?? null,
    ...(detail === 'patients' ? patientOf(event) : {}),
    room: event.room,
    old_status: event.oldStatus,
    new_status: event.newStatus,
    waitlist_position: event.waitlistPosition,
    ...(showsIds ? { cause: event.cause } : {}),
    break_until: breakUntil === null ? null : instantOf(breakUntil),
  };
}

const patientOf = ({ token }: PublicEvent): Pick<EventView, 'patient_name' | 'patient_id'> => ({
  patient_name: token?.patientName ?? null,
  patient_id: token?.patientId ?? null,
});
