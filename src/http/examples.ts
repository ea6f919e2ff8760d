/** Values for the examples of requests: with them each request works on the demo roster. */

/**
 * A date that stands in the examples for a day in the near future. `examplesOn` replaces it, because the slots of a
 * fixed date would soon have ended.
 */
export const EXAMPLE_DATE = '2000-01-01';

/** Stands for the id of a token, which only the answer to a booking has. */
export const EXAMPLE_TOKEN_ID = 'id-from-the-answer-to-a-booking';

/** Stands for the ticket of a patient's page, which only the answer to a booking has. */
export const EXAMPLE_TICKET = `ticket-of-the-${EXAMPLE_TOKEN_ID}`;

/** Stands for the id of a leave, which only the answer to `POST /doctors/{id}/leave` and the doctor have. */
export const EXAMPLE_LEAVE_ID = 'id-of-a-leave';

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * A description whose examples are of a day on which no slot has ended yet.
 * @param now milliseconds since the epoch; the day is two days later, because then it is a future day in every time zone
 */
export function examplesOn<Description extends object>(
  description: Description,
  now: number,
): Description {
  const date = new Date(now + 2 * DAY_MS).toISOString().slice(0, EXAMPLE_DATE.length);
  return JSON.parse(JSON.stringify(description).replaceAll(EXAMPLE_DATE, date)) as Description;
}
