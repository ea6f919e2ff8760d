import type { Schemas } from '../lib/client.ts';

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

/** The date some days after a date, both as `YYYY-MM-DD`. */
export function dayFrom(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}
