/** A class of patients (`patient_type`). A higher priority ranks first. */
export interface PatientClass {
  readonly type: string;
  /** 1 to 1000, unique in its table. */
  readonly priority: number;
}

/** The only class that may also bump a checked-in token (R3). */
export const EMERGENCY = 'EMERGENCY';

/** The default class table, highest priority first. A roster may add classes and change priorities. */
export const DEFAULT_CLASSES: readonly PatientClass[] = [
  { type: EMERGENCY, priority: 100 },
  { type: 'PAID_PRIORITY', priority: 80 },
  { type: 'FOLLOW_UP', priority: 60 },
  { type: 'ONLINE_BOOKING', priority: 40 },
  { type: 'WALK_IN', priority: 20 },
];
