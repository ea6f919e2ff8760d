import { Type, type Static, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';
import { STATUSES, WEEKDAYS, type PatientClass, type Status } from '../engine/index.ts';
import { Capacity, Id, Name, UNSEEN } from '../service/index.ts';

// Schemas of what comes in and what goes out: validation, serialisation and /openapi.json are made from these.

export const closed = <T extends TProperties>(properties: T, description?: string): TObject<T> =>
  Type.Object(properties, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
  });

const arrayOf = <T extends TSchema>(items: T) =>
  Type.Unsafe<readonly Static<T>[]>(Type.Array(items));

// `type: [..., 'null']` and not a union: the compiled serialiser would validate a union's members one by one.
const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({
    ...schema,
    type: [schema['type'] as string, 'null'],
    ...(Array.isArray(schema['enum']) ? { enum: [...(schema['enum'] as unknown[]), null] } : {}),
  });

const oneOf = <T extends string>(values: readonly T[], description?: string) =>
  Type.Unsafe<T>({
    type: 'string',
    enum: values,
    ...(description === undefined ? {} : { description }),
  });

const Instant = Type.String({ format: 'date-time', description: 'RFC 3339, UTC, milliseconds.' });
export const Text = Type.String();
export const Count = Type.Integer({ minimum: 0 });
const StatusName = oneOf(Object.keys(STATUSES) as Status[]);

export const tokenProperties = {
  id: Type.String({ description: 'UUID v7.' }),
  number: Type.Integer({
    description:
      'The printed number: counts up per doctor and day, never reused; it changes only with the doctor or the day.',
  }),
  patient_name: Text,
  patient_id: Type.Optional(Text),
  type: Text,
  timestamp: Type.String({ format: 'date-time', description: 'When it was accepted.' }),
  slot_id: Text,
  doctor_id: Text,
  status: StatusName,
  start_time: Instant,
  end_time: Instant,
  waitlist_position: Type.Unsafe<number | null>({
    type: ['integer', 'null'],
    description: '1 is next; null when seated or over.',
  }),
  estimated_time: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    format: 'date-time',
    description: 'When the turn should come; null when waiting or over.',
  }),
};

export const Token = Type.Object(tokenProperties);

const Bumped = Type.Object(
  {
    id: Text,
    number: Type.Integer(),
    type: Text,
    waitlist_position: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
  },
  { description: 'Who lost a seat by it and waits now.' },
);

const Alternatives = Type.Optional(
  arrayOf(Type.Object({ id: Text, start_time: Instant, seats_left: Count })),
);

export const Booking = Type.Object({
  ...tokenProperties,
  bumped: orNull(Bumped),
  alternatives: Alternatives,
});

export const Reordered = Type.Object({
  ...tokenProperties,
  bumped: orNull(Bumped),
  promoted: orNull(Token),
  alternatives: Alternatives,
});

export const Called = Type.Object({ ...tokenProperties, completed: orNull(Token) });

export const Cancellation = Type.Object({
  status: Type.Literal('CANCELLED'),
  id: Text,
  promoted: orNull(Token),
});

export const NoShow = Type.Object({ ...tokenProperties, promoted: orNull(Token) });

const slotProperties = {
  id: Text,
  doctor_id: Text,
  start_time: Instant,
  end_time: Instant,
  delay_minutes: Count,
  expected_start_time: Instant,
  expected_end_time: Instant,
  capacity: Count,
  seated: Count,
  seats_left: Count,
  waiting: Count,
  status: oneOf(['OPEN', 'CLOSED', 'ENDED']),
  tokens: arrayOf(Token),
  waitlist: arrayOf(Token),
};

export const Slot = Type.Object(slotProperties);

export const RevisedSlot = Type.Object({
  ...slotProperties,
  bumped: arrayOf(Bumped),
  promoted: arrayOf(Token),
});

export const Closed = Type.Object({
  ...slotProperties,
  affected: arrayOf(
    Type.Object({
      outcome: oneOf(['moved', 'cancelled_by_hospital', 'stays']),
      seated: Type.Boolean(),
      token: Token,
    }),
  ),
  bumped: arrayOf(Bumped),
});

export const Delay = Type.Object({
  doctor_id: Text,
  date: Text,
  minutes: Count,
  slots: arrayOf(Slot),
});

const Session = Type.Object({
  id: Text,
  weekdays: arrayOf(oneOf(WEEKDAYS)),
  start: Text,
  end: Text,
  capacity: Count,
});

const doctorProperties = {
  id: Text,
  name: Text,
  department: Type.Optional(Text),
  time_zone: Text,
  sessions: arrayOf(Session),
};

export const Doctor = Type.Object(doctorProperties);
export const Doctors = Type.Object({ doctors: arrayOf(Doctor) });
export const Schedule = Type.Object({ ...doctorProperties, slots: arrayOf(Slot) });

export const History = Type.Object({
  token_id: Text,
  changes: arrayOf(
    Type.Object({
      id: Type.String({ description: "Stable: the doctor and the change's place in its order." }),
      kind: Text,
      at: Instant,
      slot_id: Text,
      from: orNull(StatusName),
      to: orNull(StatusName),
      type: Type.Unsafe<string | null>({
        type: ['string', 'null'],
        description: 'The class that the token got by it; null when it kept the one it had.',
      }),
      cause: Type.Unsafe<string | null>({
        type: ['string', 'null'],
        description: 'The token that caused it: the newcomer of a bump, who left for a promotion.',
      }),
      actor: Text,
      reason: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
    }),
  ),
});

export const PatientTypes = Type.Object({
  patient_types: arrayOf(Type.Object({ type: Text, priority: Type.Integer() })),
});

export const Health = Type.Object({ status: Type.Literal('ok') });
export const Readiness = Type.Object({
  status: Type.Literal('ready'),
  durable: Type.Boolean({ description: 'False when a restart loses everything.' }),
});

export const Problem = Type.Object(
  {
    type: Text,
    title: Text,
    status: Type.Integer(),
    detail: Text,
    instance: Text,
    code: Text,
    errors: Type.Optional(arrayOf(Type.Object({ pointer: Text, detail: Text }))),
  },
  { description: 'RFC 9457; facts of the code stand beside it.' },
);

const Reason = Type.String({
  description: '1 to 200 characters, not all blank, no control or invisible characters.',
  minLength: 1,
  maxLength: 200,
  pattern: `^(?=.*\\S)[^${UNSEEN}]+$`,
});

const patientType = (classes: readonly PatientClass[]) => oneOf(classes.map(({ type }) => type));

/** The booking's fields; the classes are those of the hospital's table. */
export const bookBody = (classes: readonly PatientClass[]) =>
  closed({
    doctor_id: Id,
    slot_id: Type.Unsafe<string>({
      ...Id,
      description: "A slot's id, or a session's: its next slot that still takes bookings.",
    }),
    patient_name: Name,
    patient_type: patientType(classes),
    patient_id: Type.Optional(Id),
  });

export const CancelBody = closed({ token_id: Id, reason: Type.Optional(Reason) });
export const TokenBody = closed({ token_id: Id });
export const NoShowBody = closed({
  token_id: Id,
  force: Type.Optional(Type.Boolean({ description: 'Also before the slot starts.' })),
});
export const CallNextBody = closed({
  doctor_id: Id,
  slot_id: Type.Optional(Id),
  complete_current: Type.Optional(
    Type.Boolean({ description: 'Completes who is in consultation.' }),
  ),
});
export const MoveBody = closed({ token_id: Id, slot_id: Id });

export const reclassifyBody = (classes: readonly PatientClass[]) =>
  closed({ token_id: Id, patient_type: patientType(classes), reason: Reason });

export const SlotBody = closed({
  doctor_id: Id,
  start_time: Type.String({ format: 'date-time' }),
  end_time: Type.String({ format: 'date-time' }),
  capacity: Capacity,
  id: Type.Optional(Id),
});

const DelayMinutes = Type.Integer({
  minimum: 0,
  maximum: 1_440,
  description: 'By how much the doctor runs late.',
});

export const ReviseSlotBody = Type.Unsafe<{
  readonly capacity?: number;
  readonly delay_minutes?: number;
}>({
  ...closed({ capacity: Type.Optional(Capacity), delay_minutes: Type.Optional(DelayMinutes) }),
  minProperties: 1,
});

export const CloseBody = closed({ reason: Reason, move_to: Type.Optional(Id) });

export const DateText = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}$',
  description: '`YYYY-MM-DD`.',
});
export const DelayBody = closed({ date: DateText, minutes: DelayMinutes });

export const IdParams = closed({ id: Id });

export const ScheduleQuery = closed({
  doctor_id: Id,
  date: Type.Optional(DateText),
  from: Type.Optional(DateText),
  to: Type.Optional(DateText),
});

export const NoQuery = closed({});

export const DryRunQuery = closed({
  dry_run: Type.Optional(
    oneOf(['true', 'false'], 'Whether the command is only tried: the same answer, no change.'),
  ),
});

/** Bare, or quoted as RFC 8941 has it; visible ASCII. */
export const KeyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern:
        '^("[\\x20\\x21\\x23-\\x7E]{1,255}"|[\\x21\\x23-\\x7E][\\x20\\x21\\x23-\\x7E]{0,254})$',
      description: 'A repeat with the same key and body gets the first answer again, for 24 hours.',
    }),
  ),
});
