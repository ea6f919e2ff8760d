import { Type, type Static } from '@sinclair/typebox';
import {
  alternativesTo,
  type Booked,
  type Moment,
  type Reordered as EngineReordered,
  type Token,
} from '../../engine/index.ts';
import { instantOf } from '../../service/index.ts';
import { arrayOf, Count, Instant, orNull, Text } from '../schema.ts';
import { Token as TokenSchema, tokenFields, tokenOf } from './token.ts';

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

/** A waiting token comes with slots that have free seats; a seated token with none. */
const alternativesOf = (
  { status, slot, patientClass }: Token,
  moment: Moment,
): { alternatives?: readonly AlternativeView[] } =>
  status === 'WAITING'
    ? {
        alternatives: alternativesTo(slot, patientClass, moment).map(({ facts, seatsLeft }) => ({
          id: facts.id,
          start_time: instantOf(facts.startTime),
          seats_left: seatsLeft,
        })),
      }
    : {};

/** The answer to a booking. */
export const Booking = Type.Object(
  {
    ...tokenFields,
    bumped: orNull(Bumped),
    alternatives: Type.Optional(arrayOf(Alternative)),
  },
  { title: 'Booking', description: 'The new token, and the token that lost its seat to it.' },
);
export type BookingView = Static<typeof Booking>;

export const bookingOf = ({ token, bumped }: Booked, moment: Moment): BookingView => ({
  ...tokenOf(token, moment),
  bumped: bumped === null ? null : bumpedOf(bumped),
  ...alternativesOf(token, moment),
});

/** The answer to a move or to a change of class. */
export const Reordered = Type.Object(
  {
    ...tokenFields,
    bumped: orNull(Bumped),
    promoted: orNull(TokenSchema),
    alternatives: Type.Optional(arrayOf(Alternative)),
  },
  {
    title: 'Reordered',
    description:
      'The token in its new place, the token that lost its seat and the one that got one.',
  },
);
export type ReorderedView = Static<typeof Reordered>;

export const reorderedOf = (
  { token, bumped, promoted }: EngineReordered,
  moment: Moment,
): ReorderedView => ({
  ...tokenOf(token, moment),
  bumped: bumped === null ? null : bumpedOf(bumped),
  promoted: promoted === null ? null : tokenOf(promoted, moment),
  ...alternativesOf(token, moment),
});
