import { createHash } from 'node:crypto';
import type { BookingLine, LineFault } from './booking-file.ts';
import type { BookingServer, ServerAnswer, ServerProblem } from './booking-server.ts';
import { BookingImportError } from './error.ts';

/** Bookings of one request. The Idempotency-Keys depend on it, so a changed number would book a started file again. */
const BOOKINGS_PER_REQUEST = 100;

/** What became of the bookings of a file. */
export interface ImportResult {
  readonly made: number;
  /** How many of them an earlier run of the same file had made. */
  readonly madeBefore: number;
  readonly refused: readonly LineFault[];
}

interface Outcome extends Partial<ServerProblem> {
  readonly status: number;
}

/**
 * Sends the bookings of a file, in its order. The Idempotency-Key of each request is made of the content of the file and
 * the line at which the request begins, so a repeated run books no patient twice within 24 hours.
 * @param onProgress called after each request with the number of bookings that are answered
 * @throws BookingImportError when the server does not answer a request
 */
export async function importBookings(
  server: Pick<BookingServer, 'post'>,
  { content, bookings }: { readonly content: Buffer; readonly bookings: readonly BookingLine[] },
  onProgress: (done: number) => void,
): Promise<ImportResult> {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 32);
  const refused: LineFault[] = [];
  let [made, madeBefore] = [0, 0];
  for (let start = 0; start < bookings.length; start += BOOKINGS_PER_REQUEST) {
    const part = bookings.slice(start, start + BOOKINGS_PER_REQUEST);
    const body = { bookings: part.map(({ booking }) => booking) };
    const key = `import-bookings-${hash}-${part[0]?.line}`;
    const answer = await server.post('/bookings', body, key);
    for (const [index, { status, code, title }] of outcomesOf(answer).entries()) {
      if (status !== 201)
        refused.push({ line: part[index]?.line ?? 0, detail: `${code}: ${title}` });
      else if (answer.isReplay) madeBefore += 1;
      made += status === 201 ? 1 : 0;
    }
    onProgress(start + part.length);
  }
  return { made, madeBefore, refused };
}

function outcomesOf({ status, body }: ServerAnswer): readonly Outcome[] {
  const { outcomes } = Object(body) as { readonly outcomes?: readonly Outcome[] };
  if (status === 200 && outcomes !== undefined) return outcomes;
  throw new BookingImportError(`POST /bookings is refused: ${reasonOf({ status, body })}`);
}

function reasonOf({ status, body }: Pick<ServerAnswer, 'status' | 'body'>): string {
  const { title = `status ${status}`, detail = '' } = Object(body) as Partial<ServerProblem>;
  return detail === '' ? `${title}.` : `${title}. ${detail}`;
}

/** Checks each value of a field once, however many bookings have it. */
type Check = (booking: BookingLine['booking']) => Promise<string | undefined>;

/**
 * Finds the bookings that would be refused because of their doctor, slot or class. It only reads, so it does not find
 * the bookings that will be refused because their slot is full by then or because the patient has a token there.
 * @throws BookingImportError when the server does not answer, or does not let this caller read
 */
export async function checkBookings(
  server: Pick<BookingServer, 'get'>,
  bookings: readonly BookingLine[],
  onProgress: (done: number) => void,
): Promise<readonly LineFault[]> {
  const { status, body } = await server.get('/patient-types');
  if (status !== 200)
    throw new BookingImportError(`GET /patient-types is refused: ${reasonOf({ status, body })}`);
  const { patient_types: classes } = body as { patient_types: readonly { type: string }[] };
  const known = new Map<string, Promise<string | undefined>>();
  const checks: readonly Check[] = [
    ({ patient_type: type }) =>
      Promise.resolve(
        classes.some((each) => each.type === type)
          ? undefined
          : `patient_type: must be one of ${classes.map((each) => each.type).join(', ')}`,
      ),
    ({ doctor_id: id }) => remembered(known, `doctor ${id}`, () => doctorFault(server, id)),
    ({ slot_id: id, doctor_id: doctor }) =>
      remembered(known, `slot ${id} of ${doctor}`, () => slotFault(server, id, doctor)),
  ];
  const faults: LineFault[] = [];
  for (const [index, { line, booking }] of bookings.entries()) {
    for (const check of checks) {
      const detail = await check(booking);
      if (detail !== undefined) faults.push({ line, detail });
      // Without its doctor, a slot is unknown too.
      if (detail !== undefined) break;
    }
    onProgress(index + 1);
  }
  return faults;
}

function remembered<T>(known: Map<string, T>, name: string, read: () => T): T {
  const value = known.get(name) ?? read();
  known.set(name, value);
  return value;
}

async function doctorFault(
  server: Pick<BookingServer, 'get'>,
  id: string,
): Promise<string | undefined> {
  const answer = await server.get(`/doctors/${id}`);
  return answer.status === 200 ? undefined : `doctor_id ${id}: ${reasonOf(answer)}`;
}

async function slotFault(
  server: Pick<BookingServer, 'get'>,
  id: string,
  doctor: string,
): Promise<string | undefined> {
  const answer = await server.get(`/slots/${id}`);
  if (answer.status !== 200) return `slot_id ${id}: ${reasonOf(answer)}`;
  const slot = answer.body as { readonly doctor_id: string; readonly status: string };
  if (slot.doctor_id !== doctor) return `slot_id ${id}: the slot is of doctor ${slot.doctor_id}`;
  return slot.status === 'OPEN' ? undefined : `slot_id ${id}: the slot is ${slot.status}`;
}
