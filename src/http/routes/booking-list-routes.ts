import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { PatientClass } from '../../engine/index.ts';
import type { BookCommand, Result, TokenCommands } from '../../service/index.ts';
import { bookingOf, type BookingView } from '../resources/booking.ts';
import { BookingList, type BookingOutcomeView } from '../resources/booking-list.ts';
import { factsOf } from '../resources/problem.ts';
import type { Routes } from '../route.ts';
import { closed } from '../schema.ts';
import { problemFor } from '../send-problem.ts';
import type { StatusLinks } from '../status-links.ts';
import { faultsOfValidation, type ValidationError } from '../validation-faults.ts';
import { bookCommandOf, bookingRequest } from './token-routes.ts';

const BOOKINGS_MAX = 500;
/** Bytes that a list may have: every booking may be about as long as a booking with the longest texts. */
const BODY_LIMIT = 2 * 1024 * 1024;

/** The place of a fault inside a booking of the list. */
const IN_BOOKING = /^\/bookings\/(\d+)/;

interface BookingListRoutes {
  readonly tokens: TokenCommands;
  readonly classes: readonly PatientClass[];
  /** Null when the answers have no links. */
  readonly links: StatusLinks | null;
}

/** Adds the route for lists of bookings. */
export function addBookingListRoutes(
  routes: Routes,
  { tokens, classes, links }: BookingListRoutes,
): void {
  routes.command({
    command: 'bookAll',
    url: '/bookings',
    tag: 'Tokens',
    summary: 'Book a list of patients',
    description: `Makes 1 to ${BOOKINGS_MAX} bookings one after another, as \`POST /book\` would, and stores them together. The answer has one outcome for each. With \`all_or_nothing\` no booking is made when one of them is refused.`,
    body: closed(
      {
        bookings: Type.Array(bookingRequest(classes), { minItems: 1, maxItems: BOOKINGS_MAX }),
        all_or_nothing: Type.Optional(Type.Boolean()),
      },
      {
        title: 'BookingsRequest',
        examples: [
          {
            bookings: [
              {
                doctor_id: 'doc1',
                slot_id: 'doc1_slot2',
                patient_name: 'Asha Rao',
                patient_type: 'FOLLOW_UP',
              },
              {
                doctor_id: 'doc2',
                slot_id: 'doc2_slot2',
                patient_name: 'Ravi Iyer',
                patient_type: 'WALK_IN',
              },
            ],
          },
        ],
      },
    ),
    bodyLimit: BODY_LIMIT,
    attachValidation: true,
    success: BookingList,
    run: async ({ body }, context, { request }) => {
      // The faults come first: until they are known, the body may be anything.
      const faults = faultsByBooking(request);
      const { bookings, all_or_nothing: isAllOrNothing = false } = body;
      if (isAllOrNothing && faults.size > 0) throw request.validationError as Error;
      const { result, isReplay } = await tokens.bookAll(
        {
          bookings: bookings.map((booking, index): Result<BookCommand> => {
            const errors = faults.get(index);
            return errors === undefined
              ? { ok: true, value: bookCommandOf(booking) }
              : {
                  ok: false,
                  refusal: { code: 'invalid_request', errors: faultsOfValidation(errors) },
                };
          }),
          isAllOrNothing,
        },
        context,
        bookingOf,
      );
      if (!result.ok) return { result, isReplay };
      const made = result.value.map((each) => outcomeOf(request, each));
      const outcomes = links === null ? made : await linkedOutcomes(made, links);
      return { result: { ok: true, value: { outcomes } }, isReplay };
    },
  });
}

/**
 * The faults of each booking that is not valid, with their places inside the booking.
 * @throws the validation error itself when it is not of single bookings
 */
function faultsByBooking({
  validationError,
}: FastifyRequest): ReadonlyMap<number, ValidationError[]> {
  const faults = new Map<number, ValidationError[]>();
  for (const error of (validationError?.validation ?? []) as readonly ValidationError[]) {
    const [prefix, index] = IN_BOOKING.exec(error.instancePath) ?? [];
    if (prefix === undefined) throw validationError as Error;
    const own = { ...error, instancePath: error.instancePath.slice(prefix.length) };
    const others = faults.get(Number(index));
    if (others === undefined) faults.set(Number(index), [own]);
    else others.push(own);
  }
  return faults;
}

const outcomeOf = (request: FastifyRequest, result: Result<BookingView>): BookingOutcomeView =>
  result.ok
    ? { status: 201, token: result.value }
    : problemFor(request, result.refusal.code, factsOf(result.refusal));

/** The outcomes, those of made bookings with the links to the patients' own pages. */
const linkedOutcomes = (
  outcomes: readonly BookingOutcomeView[],
  links: StatusLinks,
): Promise<readonly BookingOutcomeView[]> =>
  Promise.all(
    outcomes.map(async (outcome) =>
      'token' in outcome && outcome.status === 201
        ? { status: 201 as const, token: await links.linked(outcome.token as BookingView) }
        : outcome,
    ),
  );
