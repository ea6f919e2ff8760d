import { Type, type Static } from '@sinclair/typebox';
import {
  delayedStartOf,
  endsAt,
  holdsSeat,
  INTAKES,
  intakeOf,
  SLOT_STATUSES,
  slotStatusOf,
  type ClosedSlot as EngineClosedSlot,
  type Moment,
  type RevisedSlot as EngineRevisedSlot,
  type Slot as EngineSlot,
  type Token as EngineToken,
} from '../../engine/index.ts';
import {
  inTurns,
  instantOf,
  seesPatients,
  slicesOf,
  type Break as DoctorBreak,
  type DelayedDay,
  type LongSlot,
  type ReadSlot,
  type Role,
  type ShownSlot,
  type ReopenedSlot as EngineReopenedSlot,
} from '../../service/index.ts';
import { itemsOf, Pieces, withoutEnd, type SerialiserOf } from '../pieces.ts';
import { arrayOf, Count, Instant, oneOf, Text } from '../schema.ts';
import { Bumped, bumpedOf } from './booking.ts';
import { Token, tokenOf } from './token.ts';

/** The fields of a slot beside its tokens. */
const headFields = {
  id: Text,
  doctor_id: Text,
  start_time: Instant,
  end_time: Instant,
  delay_minutes: Count,
  expected_start_time: Instant,
  expected_end_time: Instant,
  capacity: Count,
  seated: Count,
  seats_left: Count,
  waiting: Count,
  status: oneOf(SLOT_STATUSES, { title: 'SlotStatus' }),
  intake: oneOf(INTAKES, {
    title: 'Intake',
    description: 'Which new patients the slot takes, while it is open.',
  }),
  kept: Type.Boolean({
    description:
      'Whether the session no longer yields the slot, so that it is kept for its patients and takes nobody new.',
  }),
};

const slotFields = {
  ...headFields,
  tokens: arrayOf(Token),
  waitlist: arrayOf(Token),
};

export const Slot = Type.Object(slotFields, {
  title: 'Slot',
  description: 'A slot with its seated and its waiting patients, the best rank first.',
});
export type SlotView = Static<typeof Slot>;

const SlotHead = Type.Object(headFields);

const headOf = (slot: EngineSlot, moment: Moment): Static<typeof SlotHead> => ({
  id: slot.facts.id,
  doctor_id: slot.facts.doctorId,
  start_time: instantOf(slot.facts.startTime),
  end_time: instantOf(slot.facts.endTime),
  delay_minutes: slot.facts.delayMinutes,
  expected_start_time: instantOf(delayedStartOf(slot.facts)),
  expected_end_time: instantOf(endsAt(slot.facts, 0)),
  capacity: slot.facts.capacity,
  seated: slot.seated,
  seats_left: slot.seatsLeft,
  waiting: slot.waiting,
  status: slotStatusOf(slot, moment),
  intake: intakeOf(slot.facts),
  kept: slot.facts.kept !== null,
});

export const slotOf = (slot: EngineSlot, moment: Moment): SlotView => ({
  ...headOf(slot, moment),
  tokens: slot.seatedTokens().map((token) => tokenOf(token, moment)),
  waitlist: slot.waitlist().map((token) => tokenOf(token, moment)),
});

/** A slot as it is shown to callers who may not see its patients: the counts stay, the lists are empty. */
export const slotWithoutPatientsOf = (slot: EngineSlot, moment: Moment): SlotView => ({
  ...headOf(slot, moment),
  tokens: [],
  waitlist: [],
});

/** How a slot is shown to a role. */
export const slotFor = (role: Role): typeof slotOf =>
  seesPatients(role) ? slotOf : slotWithoutPatientsOf;

/** The slot that was read. The tokens of a small one are projected already, because they were read at one instant. */
export const readSlotOf = (read: ReadSlot<SlotView>, role: Role): SlotView | Pieces =>
  'view' in read
    ? read.view
    : new Pieces((serialiserOf) => longSlotPieces(read, role, serialiserOf));

const longSlotPieces = (
  { slot, moment, ended }: LongSlot,
  role: Role,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> => inTurns(slotPieces({ slot, moment }, role, serialiserOf), ended);

/** The text of a slot in pieces: what `slotFor` shows to the role. */
export async function* slotPieces(
  { slot, moment }: ShownSlot,
  role: Role,
  serialiserOf: SerialiserOf,
): AsyncGenerator<string> {
  const serialise = serialiserOf(Token);
  const tokens = (list: readonly EngineToken[]): AsyncGenerator<string> =>
    itemsOf(slicesOf(seesPatients(role) ? list : []), (token) => serialise(tokenOf(token, moment)));
  yield `${withoutEnd(serialiserOf(SlotHead)(headOf(slot, moment)))},"tokens":[`;
  yield* tokens(slot.seatedTokens());
  yield '],"waitlist":[';
  yield* tokens(slot.waitlist());
  yield ']}';
}

/** The answer to a change of seats, delay or intake. */
export const RevisedSlot = Type.Object(
  {
    ...slotFields,
    bumped: arrayOf(Bumped),
    promoted: arrayOf(Token),
  },
  {
    title: 'RevisedSlot',
    description: 'The slot, the tokens that lost a seat and the tokens that got one.',
  },
);
export type RevisedView = Static<typeof RevisedSlot>;

export const revisedSlotOf = (
  { slot, bumped, promoted }: EngineRevisedSlot,
  moment: Moment,
): RevisedView => ({
  ...slotOf(slot, moment),
  bumped: bumped.map(bumpedOf),
  promoted: promoted.map((token) => tokenOf(token, moment)),
});

/** The answer to the closing of a slot. */
export const ClosedSlot = Type.Object(
  {
    ...slotFields,
    affected: arrayOf(
      Type.Object(
        {
          outcome: oneOf(['moved', 'cancelled_by_hospital', 'stays']),
          seated: Type.Boolean({ description: 'Whether the patient has a seat now.' }),
          token: Token,
        },
        { title: 'AffectedToken', description: 'A patient of a closed slot.' },
      ),
    ),
    bumped: arrayOf(Bumped),
  },
  {
    title: 'ClosedSlot',
    description:
      'The closed slot, its patients with the outcome, and the tokens that lost a seat to them.',
  },
);
export type ClosedView = Static<typeof ClosedSlot>;

export const closedSlotOf = (
  { slot, affected, bumped }: EngineClosedSlot,
  moment: Moment,
): ClosedView => ({
  ...slotOf(slot, moment),
  affected: affected.map(({ token, outcome }) => ({
    outcome,
    seated: holdsSeat(token.status),
    token: tokenOf(token, moment),
  })),
  bumped: bumped.map(bumpedOf),
});

/** The answer to a doctor's delay. */
export const Delay = Type.Object(
  {
    doctor_id: Text,
    date: Text,
    minutes: Count,
    slots: arrayOf(Slot),
  },
  {
    title: 'Delay',
    description: 'The open slots of the day that have not ended, with their new times.',
  },
);
export type DelayView = Static<typeof Delay>;

export const delayOf = (
  { doctorId, date, minutes, slots }: DelayedDay,
  moment: Moment,
): DelayView => ({
  doctor_id: doctorId,
  date,
  minutes,
  slots: slots.map((slot) => slotOf(slot, moment)),
});

/** The answer to the reopening of a slot. */
export const ReopenedSlot = Type.Object(
  {
    ...slotFields,
    affected: arrayOf(
      Token,
      'The tokens that the closing moved or cancelled, as they are now: they stay where they are.',
    ),
  },
  {
    title: 'ReopenedSlot',
    description: 'The open slot, and the tokens that its closing moved or cancelled.',
  },
);
export type ReopenedView = Static<typeof ReopenedSlot>;

export const reopenedSlotOf = (
  { slot, affected }: EngineReopenedSlot,
  moment: Moment,
): ReopenedView => ({
  ...slotOf(slot, moment),
  affected: affected.map((token) => tokenOf(token, moment)),
});

/** The answer to a doctor's break. */
export const Break = Type.Object(
  {
    doctor_id: Text,
    until: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      format: 'date-time',
      description: 'When the break ends; null when there is none.',
    }),
  },
  { title: 'Break', description: 'The break of a doctor.' },
);
export type BreakView = Static<typeof Break>;

export const breakOf = ({ doctorId, until }: DoctorBreak): BreakView => ({
  doctor_id: doctorId,
  until: until === null ? null : instantOf(until),
});
