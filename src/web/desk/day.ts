import type { Schemas } from '../lib/client.ts';
import { timeOf } from '../lib/time.ts';

export type Slot = Schemas['Slot'];
export type Token = Schemas['Token'];
/** The classes that the description of the service names. A hospital may have others. */
export type ClassName = Schemas['BookRequest']['patient_type'];
export type DoctorQueue = Schemas['DoctorQueue'];

/** What the parts of a doctor's day work with. */
export interface DayProps {
  readonly doctor: DoctorQueue;
  readonly doctors: readonly DoctorQueue[];
  /** The slots of the day in the order in which they start. */
  readonly slots: readonly Slot[];
  /** All tokens of these slots by their ids. */
  readonly tokens: ReadonlyMap<string, Token>;
}

/** The times between which a slot lasts, as its title. */
export const titleOf = (
  { start_time, end_time }: Pick<Slot, 'start_time' | 'end_time'>,
  { doctor: { time_zone } }: Pick<DayProps, 'doctor'>,
): string => `${timeOf(start_time, time_zone)}–${timeOf(end_time, time_zone)}`;

/** The time zone of a doctor, or of the first one if the doctor is not in the list. */
export const timeZoneOf = (
  doctors: readonly Pick<DoctorQueue, 'doctor_id' | 'time_zone'>[],
  doctorId: string | undefined,
): string =>
  (doctors.find(({ doctor_id }) => doctor_id === doctorId) ?? doctors[0])?.time_zone ?? 'UTC';
