import { Type, type Static } from '@sinclair/typebox';
import {
  alternativesTo,
  type Moment,
  type Reordered as EngineReordered,
  type Token,
  type Undone as EngineUndone,
  UNDOABLE,
} from '../../engine/index.ts';
import { instantOf, seesPatients, type BookedVisit, type Role } from '../../service/index.ts';
import { arrayOf, Count, Instant, oneOf, orNull, Text } from '../schema.ts';
import {
  StatusName,
  StatusUrl,
  Token as TokenSchema,
  tokenFields,
  tokenOf,
  type TokenView,
} from './token.ts';

// What a command answers that gives a token its place: the token, and the others whose places it changed.

export const Bumped = Type.Object(
  {
    id: Text,
    number: Type.Integer(),
    type: Text,
    waitlist_position: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
  },
  { title: 'Bumped', description: 'A token that lost its seat and waits now.' },
);
export type BumpedView = Static<typeof Bumped>;

export const bumpedOf = (bumped: Token): BumpedView => ({
  id: bumped.id,
  number: bumped.number,
  type: bumped.patientClass.type,
  waitlist_position: bumped.slot.waitlistPositionOf(bumped),
});

const Alternative = Type.Object(
  { id: Text, start_time: Instant, seats_left: Count },
  { title: 'Alternative', description: 'A slot of the same doctor with free seats.' },
);
export type AlternativeView = Static<typeof Alternative>;

/** The slots with free seats that a waiting token comes with. */
const alternativesOf = (token: Token, moment: Moment): AlternativeView[] =>
  alternativesTo(token, moment).map(({ facts, seatsLeft }) => ({
    id: facts.id,
    start_time: instantOf(facts.startTime),
    seats_left: seatsLeft,
  }));

const AlsoBooked = Type.Object(
  { id: Text, doctor_id: Text, slot_id: Text, start_time: Instant, status: StatusName },
  { title: 'AlsoBooked', description: 'Another live token of the patient on the same date.' },
);
export type AlsoBookedView = Static<typeof AlsoBooked>;

const alsoBookedOf = ({ id, status, slot: { facts } }: Token): AlsoBookedView => ({
  id,
  doctor_id: facts.doctorId,
  slot_id: facts.id,
  start_time: instantOf(facts.startTime),
  status,
});

/** The answer to a booking. */
export const Booking = Type.Object(
  {
    ...tokenFields,
    bumped: orNull(Bumped),
    alternatives: Type.Optional(arrayOf(Alternative)),
    also_booked: Type.Optional(
      arrayOf(
        AlsoBooked,
        'Where the booking names a `patient_id`: the other live tokens of that patient on the same date. It is a hint for the desk, never a refusal.',
      ),
    ),
    status_url: StatusUrl,
  },
  { title: 'Booking', description: 'The new token, and the token that lost its seat to it.' },
);
export type BookingView = Static<typeof Booking>;

/** A booking without a patient id says nothing about other tokens. */
export function bookingOf({ token, bumped, alsoBooked }: BookedVisit, moment: Moment): BookingView {
  const view: BookingView = {
    ...tokenOf(token, moment),
    bumped: bumped === null ? null : bumpedOf(bumped),
  };
  if (token.status === 'WAITING') view.alternatives = alternativesOf(token, moment);
  if (token.patientId !== null) view.also_booked = alsoBooked.map(alsoBookedOf);
  return view;
}

/** What an answer tells of other tokens than the caller's own. */
interface OtherTokens {
  readonly promoted?: TokenView | null | undefined;
  readonly also_booked?: readonly AlsoBookedView[];
}

/**
 * How an answer is shown to a role: a role that does not see every patient is told nothing of other patients, and not what
 * others have booked.
 */
export const answerFor =
  <Value, View extends object>(
    role: Role,
    project: (value: Value, moment: Moment) => View & OtherTokens,
  ): ((value: Value, moment: Moment) => View) =>
  (value, moment) => {
    const view = project(value, moment);
    if (seesPatients(role)) return view;
    const { also_booked: _, ...own } = view;
    return ('promoted' in own ? { ...own, promoted: null } : own) as View;
  };

const reorderedFields = {
  ...tokenFields,
  bumped: orNull(Bumped),
  promoted: orNull(TokenSchema),
  alternatives: Type.Optional(arrayOf(Alternative)),
};

/** The answer to a move, to a change of class or to a skip. */
export const Reordered = Type.Object(reorderedFields, {
  title: 'Reordered',
  description: 'The token in its new place, the token that lost its seat and the one that got one.',
});
export type ReorderedView = Static<typeof Reordered>;

export const reorderedOf = (
  { token, bumped, promoted }: EngineReordered,
  moment: Moment,
): ReorderedView => ({
  ...tokenOf(token, moment),
  bumped: bumped === null ? null : bumpedOf(bumped),
  promoted: promoted === null ? null : tokenOf(promoted, moment),
  ...(token.status === 'WAITING' ? { alternatives: alternativesOf(token, moment) } : {}),
});

/** The answer to an undo. */
export const Undone = Type.Object(
  { ...reorderedFields, undone: oneOf(UNDOABLE, { title: 'UndoableKind' }) },
  {
    title: 'Undone',
    description:
      'The token with the status that it has again, the kind of the change that was taken back, the token that lost its seat and the one that got one.',
  },
);
export type UndoneView = Static<typeof Undone>;

export const undoneOf = ({ undone, ...reordered }: EngineUndone, moment: Moment): UndoneView => ({
  ...reorderedOf(reordered, moment),
  undone,
});
