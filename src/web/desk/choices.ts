import { useLive } from '../lib/live.ts';
import { timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import type { Slot } from './day.ts';
import type { Choice } from './field.ts';

/** The classes of the hospital, the highest first. */
export function useClasses(): readonly Choice[] {
  const { data } = useLive('queue', '/patient-types');
  return (data?.patient_types ?? []).map(({ type }) => ({
    value: type,
    label: sayCode('class', type) ?? type,
  }));
}

/** The slots that are open, as choices of a field. */
export const slotChoicesOf = (slots: readonly Slot[], timeZone: string): readonly Choice[] =>
  slots
    .filter(({ status }) => status === 'OPEN')
    .map(({ id, start_time, seats_left, waiting }) => ({
      value: id,
      label: `${timeOf(start_time, timeZone)} · ${
        seats_left > 0
          ? say('desk.seatsLeft', { count: seats_left })
          : say('desk.fullWaiting', { count: waiting })
      }`,
    }));
