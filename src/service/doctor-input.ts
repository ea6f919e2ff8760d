import { Type, type Static } from '@sinclair/typebox';
import { doctorId, sessionId, WEEKDAYS, type DoctorFacts } from '../engine/index.ts';
import { isDate, isTimeZone, minutesOf } from './calendar.ts';

/** Bounds of what a hospital may set up. */
export const LIMITS = {
  idLengthMax: 128,
  capacityMax: 10_000,
  sessionsMax: 100,
  doctorsMax: 10_000,
  singleSlotsMax: 10_000,
  classesMax: 100,
} as const;

export const Id = Type.String({
  pattern: '^[A-Za-z0-9_.:@-]+$',
  minLength: 1,
  maxLength: LIMITS.idLengthMax,
  description: 'Letters, digits and `_-.:@`.',
});

/**
 * What a screen or a terminal would act on or not show at all: control characters, changes of direction, blanks
 * without width. The joiners U+200C and U+200D are not among them: names in Indic scripts and Persian need them.
 */
export const UNSEEN =
  '\\u0000-\\u001F\\u007F-\\u009F\\u061C\\u200B\\u200E\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF';

// With the pair spelt out, a pattern counts an emoji as one character with the regular expression flag `u` and without.
const PAIR = '[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]';
const characterBut = (others: string): string => `(?:${PAIR}|[^${others}${UNSEEN}\\uD800-\\uDFFF])`;

/**
 * 1 to 200 characters after trimming, none of them unseen and the first no joiner, so that there is something to see.
 * `maxLength` bounds the untrimmed text, and with it what matching the pattern can cost.
 */
export const Name = Type.String({
  pattern: `^[^\\S${UNSEEN}]*${characterBut('\\s\\u200C\\u200D')}(${characterBut('')}{0,198}${characterBut('\\s')})?[^\\S${UNSEEN}]*$`,
  minLength: 1,
  maxLength: 1_000,
  description: '1 to 200 characters after trimming, no control or invisible characters.',
});

export const Capacity = Type.Integer({ minimum: 1, maximum: LIMITS.capacityMax });

export const SessionInput = Type.Object(
  {
    id: Id,
    weekdays: Type.Array(Type.Union(WEEKDAYS.map((day) => Type.Literal(day))), {
      minItems: 1,
      maxItems: WEEKDAYS.length,
      // Not `uniqueItems`, which compares every item with every other: `faultsOf` looks for a day twice.
      description: 'Different ones.',
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

/** What is wrong with an input, and where: `pointer` is a JSON Pointer (RFC 6901). */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** What a schema cannot say about dates: those that are given are of the calendar. */
export const dateFaultsOf = (dates: Readonly<Record<string, string | undefined>>): Fault[] =>
  Object.entries(dates)
    .filter(([, date]) => date !== undefined && !isDate(date))
    .map(([name]) => ({ pointer: `/${name}`, detail: 'must be a day of the calendar' }));

/** What a schema cannot say about a doctor. */
export function faultsOf(doctor: DoctorInput, at = ''): Fault[] {
  const faults: Fault[] = [];
  if (!isTimeZone(doctor.time_zone))
    faults.push({ pointer: `${at}/time_zone`, detail: 'must be an IANA time zone' });
  for (const [index, { id, weekdays, start, end }] of doctor.sessions.entries()) {
    const pointer = `${at}/sessions/${index}`;
    if (minutesOf(end) <= minutesOf(start))
      faults.push({ pointer: `${pointer}/end`, detail: 'must be later than start' });
    for (const [nth, day] of weekdays.entries())
      if (weekdays.indexOf(day) !== nth)
        faults.push({ pointer: `${pointer}/weekdays/${nth}`, detail: 'must be used once' });
    if (doctor.sessions.findIndex((session) => session.id === id) !== index)
      faults.push({ pointer: `${pointer}/id`, detail: 'must be used once' });
  }
  return faults;
}

/** The lists of what may be a doctor that are longer than the schema allows: known without looking at their items. */
export function longListsOf(input: unknown): Fault[] {
  const long = (parent: unknown, field: string, itemsMax: number, at: string): Fault[] => {
    const list = listIn(parent, field);
    const detail = `must NOT have more than ${itemsMax} items`;
    return list.length > itemsMax ? [{ pointer: `${at}/${field}`, detail }] : [];
  };
  const faults = long(input, 'sessions', LIMITS.sessionsMax, '');
  if (faults.length > 0) return faults;
  return listIn(input, 'sessions').flatMap((session, index) =>
    long(session, 'weekdays', WEEKDAYS.length, `/sessions/${index}`),
  );
}

function listIn(parent: unknown, field: string): readonly unknown[] {
  const value = (Object(parent) as Readonly<Record<string, unknown>>)[field];
  return Array.isArray(value) ? value : [];
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
