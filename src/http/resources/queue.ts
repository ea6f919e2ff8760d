import { Type, type Static } from '@sinclair/typebox';
import { estimatedTimeOf, SLOT_STATUSES, type Moment, type Token } from '../../engine/index.ts';
import {
  inTurns,
  instantOf,
  seesPatients,
  slicesOf,
  type DoctorQueue,
  type LongQueue,
  type Queue as DoctorQueues,
  type QueueSlot as QueueSlotFacts,
  type Role,
} from '../../service/index.ts';
import { itemsOf, Pieces, withoutEnd, type SerialiserOf } from '../pieces.ts';
import { arrayOf, Count, Instant, oneOf, orNull, Text, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

const QueueToken = Type.Object(
  {
    id: Type.Optional(
      Type.String({ description: 'The id of the token; a `display` does not get it.' }),
    ),
    number: Type.Integer(),
    type: Text,
    status: StatusName,
    slot_id: Text,
    room: TextOrNull('While in consultation, if a room was named.'),
    waitlist_position: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
    estimated_time: orNull(Instant),
  },
  { title: 'QueueToken', description: 'A token without the name of the patient.' },
);
export type QueueTokenView = Static<typeof QueueToken>;

const QueueSlot = Type.Object(
  {
    slot_id: Text,
    start_time: Instant,
    end_time: Instant,
    delay_minutes: Count,
    status: oneOf(SLOT_STATUSES, { title: 'SlotStatus' }),
  },
  { title: 'QueueSlot', description: 'A slot of the day without its patients.' },
);

const queueSlotOf = ({ facts, status }: QueueSlotFacts): Static<typeof QueueSlot> => ({
  slot_id: facts.id,
  start_time: instantOf(facts.startTime),
  end_time: instantOf(facts.endTime),
  delay_minutes: facts.delayMinutes,
  status,
});

/** The fields of a queue beside its tokens. */
const headFields = {
  doctor_id: Text,
  name: Text,
  department: Type.Optional(Text),
  date: Text,
  time_zone: Text,
  rooms: Count,
  break_until: orNull(Instant),
  slots: arrayOf(
    QueueSlot,
    'The slots of the day, and of the days before as long as they go on, in the order of their starts.',
  ),
};

const QueueHead = Type.Object(headFields);

const DoctorQueueSchema = Type.Object(
  {
    ...headFields,
    in_consultation: arrayOf(QueueToken, 'The patients who are with the doctor.'),
    calling_order: arrayOf(
      QueueToken,
      'Those who have a seat and have not been seen, in the order in which they are called (R18). Only checked-in patients are called.',
    ),
    skipped: arrayOf(QueueToken, 'Those who were not there when it was their turn (R21).'),
    waiting: arrayOf(QueueToken, 'The waitlists, slot by slot, the best rank first.'),
  },
  { title: 'DoctorQueue', description: "A doctor's day as a waiting room sees it." },
);
export type DoctorQueueView = Static<typeof DoctorQueueSchema>;

/** The queues of some doctors: numbers, classes and statuses, never a name. */
export const Queue = Type.Object(
  { doctors: arrayOf(DoctorQueueSchema) },
  { title: 'Queue', description: 'The queues of the doctors, without the names of patients.' },
);
export type QueueView = Static<typeof Queue>;

/** The token of a queue. */
export function queueTokenOf(token: Token, moment: Moment): QueueTokenView {
  const estimatedTime = estimatedTimeOf(token, moment);
  return {
    id: token.id,
    number: token.number,
    type: token.patientClass.type,
    status: token.status,
    slot_id: token.slot.facts.id,
    room: token.status === 'IN_CONSULTATION' ? token.room : null,
    waitlist_position: token.slot.waitlistPositionOf(token),
    estimated_time: estimatedTime === null ? null : instantOf(estimatedTime),
  };
}

/** The token of a queue on a public screen: nothing that names the patient or the token elsewhere. */
export function boardTokenOf(token: Token, moment: Moment): QueueTokenView {
  const { id: _, ...board } = queueTokenOf(token, moment);
  return board;
}

/** How the tokens of a queue are shown to a role. */
export const queueTokenFor = (role: Role): typeof queueTokenOf =>
  seesPatients(role) ? queueTokenOf : boardTokenOf;

const headOf = ({
  doctor,
  date,
  breakUntil,
  slots,
}: DoctorQueue<unknown>): Static<typeof QueueHead> => ({
  doctor_id: doctor.id,
  name: doctor.name,
  ...(doctor.department === null ? {} : { department: doctor.department }),
  date,
  time_zone: doctor.timeZone,
  rooms: doctor.rooms,
  break_until: breakUntil === null ? null : instantOf(breakUntil),
  slots: slots.map(queueSlotOf),
});

/** The queues of some doctors. The tokens of short ones are projected already, because each doctor was read at one instant. */
export const queueOf = (
  queue: DoctorQueues<QueueTokenView> | LongQueue,
  project: typeof queueTokenOf,
): QueueView | Pieces =>
  'queues' in queue
    ? { doctors: queue.queues.map(doctorQueueOf) }
    : new Pieces((serialiserOf) => inTurns(queuePieces(queue, project, serialiserOf), queue.ended));

const doctorQueueOf = (queue: DoctorQueue<QueueTokenView>): DoctorQueueView => ({
  ...headOf(queue),
  in_consultation: queue.inConsultation,
  calling_order: queue.toCall,
  skipped: queue.skipped,
  waiting: queue.waiting,
});

/** The text of long queues in pieces: what `doctorQueueOf` shows of each. */
async function* queuePieces(
  { longQueues }: LongQueue,
  project: typeof queueTokenOf,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  const serialise = serialiserOf(QueueToken);
  let start = '{"doctors":[';
  for await (const queue of longQueues) {
    const { inConsultation, toCall, skipped, waiting, moment } = queue;
    yield start + withoutEnd(serialiserOf(QueueHead)(headOf(queue)));
    const lists = { in_consultation: inConsultation, calling_order: toCall, skipped, waiting };
    for (const [name, tokens] of Object.entries(lists)) {
      yield `,"${name}":[`;
      yield* itemsOf(slicesOf(tokens), (token) => serialise(project(token, moment)));
      yield ']';
    }
    yield '}';
    start = ',';
  }
  yield ']}';
}
