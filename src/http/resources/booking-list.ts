import { Type } from '@sinclair/typebox';
import { arrayOf } from '../schema.ts';
import { Booking, type BookingView } from './booking.ts';
import { Problem, type ProblemView } from './problem.ts';

/** What became of a booking of a list. */
export type BookingOutcomeView =
  { readonly status: 201; readonly token: BookingView } | ProblemView;

const BookingOutcome = Type.Unsafe<BookingOutcomeView>({
  ...Type.Partial(Problem),
  properties: {
    ...Problem.properties,
    status: Type.Integer({
      description: 'The status that `POST /book` would have answered: 201, or that of the problem.',
    }),
    token: Booking,
  },
  required: ['status'],
  // A problem may have further members.
  additionalProperties: true,
  title: 'BookingOutcome',
  description: 'The `token` of a booking that was made, or the problem of one that was refused.',
});

/** The answer to a list of bookings. */
export const BookingList = Type.Object(
  { outcomes: arrayOf(BookingOutcome, 'One outcome for each booking, in the order of the list.') },
  { title: 'BookingList' },
);
