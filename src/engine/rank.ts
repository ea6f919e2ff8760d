import type { PatientClass } from './patient-class.ts';

/** The two values that decide the rank of a token. */
export interface Ranked {
  readonly patientClass: PatientClass;
  /** The token's place in its doctor's order of bookings, 1 or more; never the clock. */
  readonly arrival: number;
}

/** Whether `a` ranks before `b`: priority descending, then arrival ascending. Every list of tokens has this order. */
export function outranks(a: Ranked, b: Ranked): boolean {
  const difference = a.patientClass.priority - b.patientClass.priority;
  return difference === 0 ? a.arrival < b.arrival : difference > 0;
}
