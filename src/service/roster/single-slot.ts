import { Type, type Static } from '@sinclair/typebox';
import { epochMs, slotId, type DoctorFacts, type SlotFacts } from '../../engine/index.ts';
import { isDate, localDateAt } from '../calendar.ts';
import { Capacity, Id, type Fault } from '../doctor-input.ts';

const Instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$',
  description: 'RFC 3339.',
});

/** A slot outside the sessions, as a roster tells it. */
export const SlotInput = Type.Object(
  { id: Id, doctor_id: Id, start_time: Instant, end_time: Instant, capacity: Capacity },
  { additionalProperties: false },
);
export type SlotInput = Static<typeof SlotInput>;

/** Slots last a day at most. */
const SLOT_LENGTH_MAX_MS = 24 * 3_600_000;

/** What a schema cannot say about a single slot. */
export function slotFaultsOf(
  { start_time, end_time }: Pick<SlotInput, 'start_time' | 'end_time'>,
  at = '',
): Fault[] {
  const faults = Object.entries({ start_time, end_time })
    .filter(([, instant]) => !isInstant(instant))
    .map(([name]) => ({ pointer: `${at}/${name}`, detail: 'must be an instant of RFC 3339' }));
  if (faults.length > 0) return faults;
  const length = Date.parse(end_time) - Date.parse(start_time);
  if (length <= 0) return [{ pointer: `${at}/end_time`, detail: 'must be later than start_time' }];
  return length <= SLOT_LENGTH_MAX_MS
    ? []
    : [{ pointer: `${at}/end_time`, detail: 'must be within 24 hours of start_time' }];
}

// The date by itself: `Date` takes the 30th of February for the 2nd of March. In the year 9999 it may be 10,000 elsewhere.
const isInstant = (text: string): boolean =>
  isDate(text.slice(0, 10)) && !Number.isNaN(Date.parse(text)) && !text.startsWith('9999');

/** The facts of a single slot of this doctor. */
export function singleSlotOf(input: SlotInput, doctor: DoctorFacts): SlotFacts {
  const startTime = epochMs(Date.parse(input.start_time));
  return {
    id: slotId(input.id),
    doctorId: doctor.id,
    sessionId: null,
    date: localDateAt(startTime, doctor.timeZone),
    startTime,
    endTime: epochMs(Date.parse(input.end_time)),
    delayMinutes: 0,
    capacity: input.capacity,
    closedReason: null,
  };
}
