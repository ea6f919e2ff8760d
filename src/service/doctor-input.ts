import { Type, type Static } from '@sinclair/typebox';
import { doctorId, sessionId, WEEKDAYS, type DoctorFacts } from '../engine/index.ts';
import { isDate, isTimeZone, minutesOf } from './calendar.ts';
import { wordsOf, type Fault, type ValueSchema } from './fault-words.ts';
import { VISIBLE_TEXT } from './visible-text.ts';

/** How much a hospital may set up; lengths in characters. */
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
  description: '1 to 128 letters, digits and `_-.:@`.',
});

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

export const Capacity = Type.Integer({ minimum: 1, maximum: LIMITS.capacityMax });

export const SessionInput = Type.Object(
  {
    id: Id,
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
    time_zone: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'An IANA name, such as `Asia/Kolkata`.',
    }),
    sessions: Type.Array(SessionInput, { maxItems: LIMITS.sessionsMax }),
  },
  { additionalProperties: false },
);
export type DoctorInput = Static<typeof DoctorInput>;

/** Tells whether a part of an input, named by its JSON Pointer, has the form that its schema asks for. */
export type HasValidForm = (pointer: string) => boolean;

const anyForm: HasValidForm = () => true;

/** The faults that a schema cannot state about dates: a date that is given must exist in the calendar. */
export const dateFaultsOf = (dates: Readonly<Record<string, string | undefined>>): Fault[] =>
  Object.entries(dates)
    .filter(([, date]) => date !== undefined && !isDate(date))
    .map(([name]) => ({
      pointer: `/${name}`,
      detail: 'must be a date that exists, such as 2026-11-23',
    }));

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
    const { id, weekdays, start, end } = Object(session) as Static<typeof SessionInput>;
    const pointer = `${at}/sessions/${index}`;
    const areValid = (...fields: readonly string[]): boolean =>
      fields.every((field) => isValid(`${pointer}/${field}`));
    const faults: Fault[] = [];
    if (areValid('start', 'end') && minutesOf(end) <= minutesOf(start))
      faults.push({ pointer: `${pointer}/end`, detail: 'must be later than start' });
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

/** The doctor of a valid input; the weekdays of each session in the order of the week. */
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
