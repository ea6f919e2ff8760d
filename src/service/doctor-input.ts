import { Type, type Static } from '@sinclair/typebox';
import {
  NEW_DOCTOR,
  NEW_SESSION,
  doctorId,
  localDate,
  sessionId,
  WEEKDAYS,
  type DoctorFacts,
  type Leave,
} from '../engine/index.ts';
import { daysBetween, isDate, isTimeZone } from './calendar.ts';
import { wordsOf, type Fault, type ValueSchema } from './fault-words.ts';
import { VISIBLE_TEXT } from './visible-text.ts';

/** How much a hospital may set up; lengths in characters. */
export const LIMITS = {
  idLengthMax: 128,
  // The ids of a session's slots are longer by `@YYYY-MM-DD`, and must be valid ids too.
  sessionIdLengthMax: 128 - '@YYYY-MM-DD'.length,
  capacityMax: 10_000,
  sessionsMax: 100,
  everyWeeksMax: 12,
  roomsMax: 100,
  leavesMax: 1_000,
  holidaysMax: 1_000,
  doctorsMax: 10_000,
  singleSlotsMax: 10_000,
  classesMax: 100,
} as const;

// Browsers and other clients take the steps `.` and `..` out of a path, so nobody could address such an id.
const idUpTo = (maxLength: number) =>
  Type.String({
    pattern: '^\\.*[A-Za-z0-9_:@-][A-Za-z0-9_.:@-]*$',
    minLength: 1,
    maxLength,
    description: `1 to ${maxLength} letters, digits and \`_-.:@\`, not dots alone.`,
  });

export const Id = idUpTo(LIMITS.idLengthMax);
/** Whether a text is an id, for programs that read it from a command line. */
export const isId = (text: string): boolean =>
  text.length <= LIMITS.idLengthMax && new RegExp(Id.pattern ?? '').test(text);
const SessionId = idUpTo(LIMITS.sessionIdLengthMax);

/**
 * Characters that a screen or a terminal would obey or not show: control characters, changes of direction, blanks
 * without width. The joiners U+200C and U+200D are allowed, because names in Indic scripts and in Persian need them.
 */
export const UNSEEN =
  '\\u0000-\\u001F\\u007F-\\u009F\\u061C\\u200B\\u200E\\u200F\\u2028-\\u202E\\u2060-\\u206F\\uFEFF';

// The pattern names the surrogate pair, so that an emoji counts as one character also without the flag `u`.
const PAIR = '[\\uD800-\\uDBFF][\\uDC00-\\uDFFF]';
const characterBut = (others: string): string => `(?:${PAIR}|[^${others}${UNSEEN}\\uD800-\\uDFFF])`;

/**
 * A name of 1 to 200 characters after trimming. None of them is in `UNSEEN`, and the first is not a joiner, because two
 * names that look the same must not begin differently. `maxLength` limits the untrimmed text, because longer text makes the pattern slow to match.
 */
export const Name = Type.String({
  pattern: `^[^\\S${UNSEEN}]*${characterBut('\\s\\u200C\\u200D')}(${characterBut('')}{0,198}${characterBut('\\s')})?[^\\S${UNSEEN}]*$`,
  format: VISIBLE_TEXT,
  minLength: 1,
  maxLength: 1_000,
  description:
    '1 to 200 characters, not counting spaces at the ends, of which at least one is visible; no control characters, changes of direction or blanks without width.',
});

/**
 * A patient's id as the hospital writes it: any script, spaces inside. It is compared as given, after Unicode's
 * normalisation form C, because the same text can be typed in two ways.
 */
export const PatientIdText = Type.String({
  pattern: `^${characterBut('\\s\\u200C\\u200D')}(${characterBut('')}{0,126}${characterBut('\\s')})?$`,
  format: VISIBLE_TEXT,
  minLength: 1,
  maxLength: 128,
  description:
    '1 to 128 characters of any script, such as `UHID/2024/0012`; spaces only inside; no control or invisible characters.',
});

export const DateText = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  description: 'A date such as `2026-11-23`.',
});

export const Capacity = Type.Integer({ minimum: 1, maximum: LIMITS.capacityMax });

export const SessionInput = Type.Object(
  {
    id: SessionId,
    weekdays: Type.Array(Type.Union(WEEKDAYS.map((day) => Type.Literal(day))), {
      minItems: 1,
      maxItems: WEEKDAYS.length,
      // `faultsOf` finds a day that is named twice. `uniqueItems` would compare every item with every other item.
      description: 'Each day once.',
    }),
    start: Type.String({
      pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
      description: '`HH:MM`, such as 09:00.',
    }),
    end: Type.String({
      pattern: '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$',
      description:
        '`HH:MM`; `24:00` is midnight, and a time that is not later than `start` is on the next day.',
    }),
    capacity: Capacity,
    valid_from: Type.Optional(DateText),
    valid_until: Type.Optional(DateText),
    every_weeks: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.everyWeeksMax,
        description: 'In every n-th week, counted from the week of `valid_from`.',
      }),
    ),
  },
  { additionalProperties: false },
);

export type SessionInput = Static<typeof SessionInput>;

export const DoctorInput = Type.Object(
  {
    name: Name,
    department: Type.Optional(Name),
    time_zone: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'An IANA name, such as `Asia/Kolkata`.',
    }),
    rooms: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.roomsMax,
        description: 'How many patients may be in consultation at once; 1 when left out.',
      }),
    ),
    sessions: Type.Array(SessionInput, { maxItems: LIMITS.sessionsMax }),
  },
  { additionalProperties: false },
);
export type DoctorInput = Static<typeof DoctorInput>;

/** Tells whether a part of an input, named by its JSON Pointer, has the form that its schema asks for. */
export type HasValidForm = (pointer: string) => boolean;

const anyForm: HasValidForm = () => true;

/**
 * The faults that a schema cannot state about dates: a date that is given must exist in the calendar.
 * @param at the JSON Pointer of the object that has the dates
 */
export const dateFaultsOf = (
  dates: Readonly<Record<string, string | undefined>>,
  at = '',
): Fault[] =>
  Object.entries(dates)
    .filter(([, date]) => date !== undefined && !isDate(date))
    .map(([name]) => ({ pointer: `${at}/${name}`, detail: DATE_WORDS }));

/**
 * The faults of a first and a last date, both included.
 * @param daysMax how many days may be asked for
 */
export function spanFaultsOf(from: string, to: string, daysMax: number): Fault[] {
  const faults = dateFaultsOf({ from, to });
  if (faults.length > 0) return faults;
  const days = daysBetween(localDate(from), localDate(to)) + 1;
  if (days >= 1 && days <= daysMax) return [];
  const detail = `must not be before \`from\`, and at most ${daysMax} days may be asked for`;
  return [{ pointer: '/to', detail }];
}

const DATE_WORDS = 'must be a date that exists, such as 2026-11-23';

/**
 * The faults that a schema cannot state about a doctor.
 * @param at the JSON Pointer of the doctor
 * @param isValid which parts to check; the other parts have faults that the schema states
 */
export function faultsOf(doctor: DoctorInput, at = '', isValid = anyForm): Fault[] {
  const zone = `${at}/time_zone`;
  const isUnknownZone = isValid(zone) && !isTimeZone(doctor.time_zone);
  return [
    ...(isUnknownZone
      ? [{ pointer: zone, detail: 'must be the name of an IANA time zone, such as Asia/Kolkata' }]
      : []),
    ...sessionFaultsOf(doctor, at, isValid),
  ];
}

function sessionFaultsOf(doctor: DoctorInput, at: string, isValid: HasValidForm): Fault[] {
  const ids = new Set<string>();
  // `listIn` and `Object` are needed, because the sessions of a doctor in a roster file may be anything.
  return listIn(doctor, 'sessions').flatMap((session, index) => {
    const { id, weekdays, ...times } = Object(session) as SessionInput;
    const pointer = `${at}/sessions/${index}`;
    const areValid = (...fields: readonly string[]): boolean =>
      fields.every((field) => isValid(`${pointer}/${field}`));
    const faults = validityFaultsOf(times, pointer, areValid);
    for (const [nth, day] of areValid('weekdays') ? weekdays.entries() : [])
      if (weekdays.indexOf(day) !== nth)
        faults.push({
          pointer: `${pointer}/weekdays/${nth}`,
          detail: 'must differ from the days before it',
        });
    if (areValid('id') && ids.has(id))
      faults.push({ pointer: `${pointer}/id`, detail: REPEATED_ID });
    ids.add(id);
    return faults;
  });
}

/** The faults in the dates of a session and in the count of its weeks. */
function validityFaultsOf(
  { valid_from: from, valid_until: until, every_weeks: weeks = 1 }: Partial<SessionInput>,
  at: string,
  areValid: (...fields: readonly string[]) => boolean,
): Fault[] {
  const faults = dateFaultsOf(
    {
      ...(areValid('valid_from') ? { valid_from: from } : {}),
      ...(areValid('valid_until') ? { valid_until: until } : {}),
    },
    at,
  );
  if (faults.length > 0) return faults;
  const isReversed = from !== undefined && until !== undefined && until < from;
  if (areValid('valid_from', 'valid_until') && isReversed)
    faults.push({ pointer: `${at}/valid_until`, detail: 'must not be before valid_from' });
  if (areValid('valid_from', 'every_weeks') && weeks > 1 && from === undefined)
    faults.push({
      pointer: `${at}/every_weeks`,
      detail: 'needs valid_from, because the weeks are counted from its week',
    });
  return faults;
}

export const REPEATED_ID = 'must differ from the ids before it';

/** The lists in the input of a doctor that are longer than the schema allows, found without reading their items. */
export function longListsOf(input: unknown): Fault[] {
  const { sessions } = DoctorInput.properties;
  const { weekdays } = SessionInput.properties;
  const faults = longListOf(input, 'sessions', sessions, '');
  if (faults.length > 0) return faults;
  return listIn(input, 'sessions').flatMap((session, index) =>
    longListOf(session, 'weekdays', weekdays, `/sessions/${index}`),
  );
}

function longListOf(parent: unknown, field: string, schema: ValueSchema, at: string): Fault[] {
  const value = listIn(parent, field);
  return value.length > (schema.maxItems ?? Infinity)
    ? [{ pointer: `${at}/${field}`, detail: wordsOf({ kind: 'wrong', schema, value }) }]
    : [];
}

/** The list in a field of an object; empty when there is none. */
function listIn(parent: unknown, field: string): readonly unknown[] {
  const value = (Object(parent) as Readonly<Record<string, unknown>>)[field];
  return Array.isArray(value) ? value : [];
}

/**
 * The doctor of a valid input; the weekdays of each session in the order of the week.
 * @param leaves of the doctor, because the input does not have them
 */
export const doctorFactsOf = (
  id: string,
  input: DoctorInput,
  leaves: readonly Leave[] = [],
): DoctorFacts => ({
  id: doctorId(id),
  name: input.name.trim(),
  department: input.department?.trim() ?? null,
  timeZone: input.time_zone,
  ...NEW_DOCTOR,
  rooms: input.rooms ?? NEW_DOCTOR.rooms,
  leaves,
  sessions: input.sessions.map((session) => ({
    id: sessionId(session.id),
    weekdays: WEEKDAYS.filter((day) => session.weekdays.includes(day)),
    start: session.start,
    end: session.end,
    capacity: session.capacity,
    validFrom: session.valid_from === undefined ? null : localDate(session.valid_from),
    validUntil: session.valid_until === undefined ? null : localDate(session.valid_until),
    everyWeeks: session.every_weeks ?? NEW_SESSION.everyWeeks,
  })),
});
