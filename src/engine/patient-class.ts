/** A class of patients (`patient_type`) and its priority: higher wins. */
export interface PatientClass {
  readonly type: string;
  /** 1 to 1000, unique in its table. */
  readonly priority: number;
}

/** The class that may bump even a patient who has checked in (R3). */
export const EMERGENCY = 'EMERGENCY';

/** The class table, highest priority first. */
export const DEFAULT_CLASSES: readonly PatientClass[] = [
  { type: EMERGENCY, priority: 100 },
  { type: 'PAID_PRIORITY', priority: 80 },
  { type: 'FOLLOW_UP', priority: 60 },
  { type: 'ONLINE_BOOKING', priority: 40 },
  { type: 'WALK_IN', priority: 20 },
];
