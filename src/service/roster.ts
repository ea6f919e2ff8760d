import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { doctorId, sessionId, WEEKDAYS, type DoctorFacts } from '../engine/index.ts';
import { isTimeZone, minutesOf } from './calendar.ts';

/** Bounds of what a hospital may set up. */
export const LIMITS = {
  idLengthMax: 128,
  capacityMax: 100_000,
  sessionsMax: 100,
  doctorsMax: 10_000,
} as const;

export const Id = Type.String({
  pattern: '^[A-Za-z0-9_.:@-]+$',
  minLength: 1,
  maxLength: LIMITS.idLengthMax,
  description: 'Letters, digits and `_-.:@`.',
});

const CONTROL = '\\u0000-\\u001F\\u007F-\\u009F\\u2028\\u2029';

/**
 * 1 to 200 characters after trimming, none of them one that a screen or a terminal would act on.
 * `maxLength` bounds the untrimmed text, and with it what matching the pattern can cost.
 */
export const Name = Type.String({
  pattern: `^[^\\S${CONTROL}]*[^\\s${CONTROL}]([^${CONTROL}]{0,198}[^\\s${CONTROL}])?[^\\S${CONTROL}]*$`,
  minLength: 1,
  maxLength: 1_000,
  description: '1 to 200 characters after trimming, no control characters.',
});

export const Capacity = Type.Integer({ minimum: 1, maximum: LIMITS.capacityMax });

export const SessionInput = Type.Object(
  {
    id: Id,
    weekdays: Type.Array(Type.Union(WEEKDAYS.map((day) => Type.Literal(day))), {
      minItems: 1,
      maxItems: 7,
      uniqueItems: true,
    }),
    start: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', description: '`HH:MM`.' }),
    end: Type.String({
      pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$',
      description: '`HH:MM`, later than `start`; `24:00` is midnight.',
    }),
    capacity: Capacity,
  },
  { additionalProperties: false },
);

export const DoctorInput = Type.Object(
  {
    name: Name,
    department: Type.Optional(Name),
    time_zone: Type.String({ minLength: 1, maxLength: 64, description: 'An IANA name.' }),
    sessions: Type.Array(SessionInput, { maxItems: LIMITS.sessionsMax }),
  },
  { additionalProperties: false },
);
export type DoctorInput = Static<typeof DoctorInput>;

const Roster = Type.Object(
  {
    doctors: Type.Array(
      Type.Object({ id: Id, ...DoctorInput.properties }, { additionalProperties: false }),
      { minItems: 1, maxItems: LIMITS.doctorsMax },
    ),
  },
  { additionalProperties: false },
);

/** What is wrong with an input, and where: `pointer` is a JSON Pointer (RFC 6901). */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** What a schema cannot say about a doctor. */
export function faultsOf(doctor: DoctorInput, at = ''): Fault[] {
  const faults: Fault[] = [];
  if (!isTimeZone(doctor.time_zone))
    faults.push({ pointer: `${at}/time_zone`, detail: 'must be an IANA time zone' });
  for (const [index, { id, start, end }] of doctor.sessions.entries()) {
    const pointer = `${at}/sessions/${index}`;
    if (minutesOf(end) <= minutesOf(start))
      faults.push({ pointer: `${pointer}/end`, detail: 'must be later than start' });
    if (doctor.sessions.findIndex((session) => session.id === id) !== index)
      faults.push({ pointer: `${pointer}/id`, detail: 'must be used once' });
  }
  return faults;
}

export const doctorFactsOf = (id: string, input: DoctorInput): DoctorFacts => ({
  id: doctorId(id),
  name: input.name.trim(),
  department: input.department?.trim() ?? null,
  timeZone: input.time_zone,
  sessions: input.sessions.map((session) => ({
    ...session,
    id: sessionId(session.id),
    weekdays: WEEKDAYS.filter((day) => session.weekdays.includes(day)),
  })),
});

/**
 * Reads a roster file's text: `{"doctors": [{"id", "name", "time_zone", "sessions"}]}`.
 * @returns the doctors, or every fault with its place
 */
export function parseRoster(text: string): { doctors: DoctorFacts[] } | { faults: Fault[] } {
  let roster: unknown;
  try {
    roster = JSON.parse(text);
  } catch (error) {
    return { faults: [{ pointer: '', detail: `must be JSON: ${(error as Error).message}` }] };
  }
  if (!Value.Check(Roster, roster)) {
    const errors = [...Value.Errors(Roster, roster)];
    return { faults: errors.map(({ path, message }) => ({ pointer: path, detail: message })) };
  }
  const { doctors } = roster;
  const faults = doctors.flatMap((doctor, index) => faultsOf(doctor, `/doctors/${index}`));
  for (const [index, { id }] of doctors.entries())
    if (doctors.findIndex((doctor) => doctor.id === id) !== index)
      faults.push({ pointer: `/doctors/${index}/id`, detail: 'must be used once' });
  return faults.length > 0
    ? { faults }
    : { doctors: doctors.map((doctor) => doctorFactsOf(doctor.id, doctor)) };
}

/** The roster that an empty database starts with: the original service's three doctors, every day. */
export const demoRoster = (timeZone: string): DoctorFacts[] =>
  ['Dr. A (Cardiology)', 'Dr. B (Orthopedics)', 'Dr. C (General)'].map((name, index) => {
    const id = `doc${index + 1}`;
    const session = (nth: number, start: string, end: string) => ({
      id: sessionId(`${id}_slot${nth}`),
      weekdays: WEEKDAYS,
      start,
      end,
      capacity: 3,
    });
    return {
      id: doctorId(id),
      name,
      department: null,
      timeZone,
      sessions: [session(1, '09:00', '10:00'), session(2, '10:00', '11:00')],
    };
  });

/** A valid roster that does not go with what is in the database; the message is one sentence for who started the process. */
export class RosterError extends Error {
  override readonly name = 'RosterError';
  readonly code = 'OPD_ROSTER';
}
