import { Type, type Static } from '@sinclair/typebox';
import {
  epochMs,
  estimatedRangeOf,
  nextStatuses,
  patientsAheadOf,
  type DoctorFacts,
  type Moment,
  type SlotFacts,
  type Status,
  type Token,
} from '../../engine/index.ts';
import { instantOf, type StoredToken } from '../../service/index.ts';
import { Count, Instant, orNull, Text, TextOrNull } from '../schema.ts';
import { StatusName } from './token.ts';

const MINUTE_MS = 60_000;
/** A patient is told times in steps of so many minutes, because an estimate is not exact. */
const STEP_MS = 5 * MINUTE_MS;

const position = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description });

const PatientStatus = Type.Object(
  {
    number: Type.Integer({ description: 'The printed number.' }),
    status: StatusName,
    doctor_name: Text,
    department: Type.Optional(Text),
    date: Text,
    time_zone: Text,
    start_time: Instant,
    end_time: Instant,
    delay_minutes: Count,
    break_until: orNull(Instant),
    room: TextOrNull('While in consultation, if a room was named.'),
    ahead: position(
      'How many patients are before this one in the calling order (R18); null for one who is not in it.',
    ),
    waitlist_position: position('1 is next; null when not on the waitlist.'),
    estimated_from: orNull(Instant),
    estimated_until: orNull(Instant),
    can_cancel: Type.Boolean(),
  },
  { title: 'PatientStatus', description: 'What a patient sees of the own token: no name.' },
);
export { PatientStatus };
export type PatientStatusView = Static<typeof PatientStatus>;

/** A status before its doctor is known. */
export interface Unnamed {
  readonly doctorId: DoctorFacts['id'];
  readonly view: Omit<PatientStatusView, 'doctor_name' | 'department' | 'time_zone'>;
}

/** What the patient of a live token sees. */
export function patientStatusOf(token: Token, moment: Moment): Unnamed {
  const { engine, at } = moment;
  const { slot, status } = token;
  const today = moment.todayIn(slot.doctor.facts.timeZone);
  const ahead = patientsAheadOf(token, engine, { today, at });
  const range = estimatedRangeOf(token, ahead ?? 0, moment);
  const { breakUntil } = slot.doctor;
  const isOnBreak = breakUntil !== null && breakUntil > at && slot.facts.date <= today;
  return unnamed(token, slot.facts, {
    break_until: isOnBreak ? instantOf(breakUntil) : null,
    room: status === 'IN_CONSULTATION' ? token.room : null,
    ahead,
    waitlist_position: slot.waitlistPositionOf(token),
    estimated_from: range && stepOf(range.from, Math.floor),
    estimated_until: range && stepOf(range.until, Math.ceil),
  });
}

/** What the patient of a token sees that is over. */
export const overPatientStatusOf = (token: StoredToken, slot: SlotFacts): Unnamed =>
  unnamed(token, slot, {
    break_until: null,
    room: null,
    ahead: null,
    waitlist_position: null,
    estimated_from: null,
    estimated_until: null,
  });

export const namedStatusOf = ({ view }: Unnamed, doctor: DoctorFacts): PatientStatusView => ({
  ...view,
  doctor_name: doctor.name,
  time_zone: doctor.timeZone,
  ...(doctor.department === null ? {} : { department: doctor.department }),
});

const unnamed = (
  { number, status }: { readonly number: number; readonly status: Status },
  slot: SlotFacts,
  place: Pick<
    PatientStatusView,
    'break_until' | 'room' | 'ahead' | 'waitlist_position' | 'estimated_from' | 'estimated_until'
  >,
): Unnamed => ({
  doctorId: slot.doctorId,
  view: {
    number,
    status,
    date: slot.date,
    start_time: instantOf(slot.startTime),
    end_time: instantOf(slot.endTime),
    delay_minutes: slot.delayMinutes,
    ...place,
    can_cancel: nextStatuses(status).includes('CANCELLED'),
  },
});

const stepOf = (instant: number, round: (steps: number) => number): string =>
  instantOf(epochMs(round(instant / STEP_MS) * STEP_MS));
