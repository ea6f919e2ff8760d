import { Type, type Static } from '@sinclair/typebox';
import { NEW_SLOT, epochMs, slotId, type DoctorFacts, type SlotFacts } from '../../engine/index.ts';
import { isDate, localDateAt } from '../calendar.ts';
import { Capacity, Id, type HasValidForm } from '../doctor-input.ts';
import { INSTANT_WORDS, type Fault } from '../fault-words.ts';

const Instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$',
  description: `${INSTANT_WORDS.replace('must be a', 'A')}.`,
});

/** A single slot, which belongs to no session, as a roster file describes it. */
export const SlotInput = Type.Object(
  { id: Id, doctor_id: Id, start_time: Instant, end_time: Instant, capacity: Capacity },
  { additionalProperties: false },
);
export type SlotInput = Static<typeof SlotInput>;

/** The longest slot, in milliseconds: one day. */
const SLOT_LENGTH_MAX_MS = 24 * 3_600_000;

/**
 * The faults that a schema cannot state about a single slot.
 * @param at the JSON Pointer of the slot
 * @param isValid which parts to check; the other parts have faults that the schema states
 */
export function slotFaultsOf(
  { start_time, end_time }: Pick<SlotInput, 'start_time' | 'end_time'>,
  at = '',
  isValid: HasValidForm = () => true,
): Fault[] {
  const times = Object.entries({ start_time, end_time }).filter(([name]) =>
    isValid(`${at}/${name}`),
  );
  const faults = times
    .filter(([, instant]) => !isInstant(instant))
    .map(([name]) => ({ pointer: `${at}/${name}`, detail: INSTANT_WORDS }));
  if (times.length < 2 || faults.length > 0) return faults;
  const length = Date.parse(end_time) - Date.parse(start_time);
  if (length <= 0) return [{ pointer: `${at}/end_time`, detail: 'must be later than start_time' }];
  return length <= SLOT_LENGTH_MAX_MS
    ? []
    : [{ pointer: `${at}/end_time`, detail: 'must be within 24 hours of start_time' }];
}

// The date is checked by itself, because `Date` takes the 30th of February for the 2nd of March. The year 9999 is
// refused, because it may be the year 10,000 in another time zone.
const isInstant = (text: string): boolean =>
  isDate(text.slice(0, 10)) && !Number.isNaN(Date.parse(text)) && !text.startsWith('9999');

/** The facts of a single slot of this doctor; its date is that of its start in the doctor's time zone. */
export function singleSlotOf(input: SlotInput, doctor: DoctorFacts): SlotFacts {
  const startTime = epochMs(Date.parse(input.start_time));
  return {
    id: slotId(input.id),
    doctorId: doctor.id,
    sessionId: null,
    date: localDateAt(startTime, doctor.timeZone),
    startTime,
    endTime: epochMs(Date.parse(input.end_time)),
    capacity: input.capacity,
    ...NEW_SLOT,
  };
}
