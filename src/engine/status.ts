/**
 * The status table of the allocation rules, as data: whether a token of a status holds a seat, and which statuses it
 * may change to, by a command on the token and by what others do. A move stands beside this table, because there the
 * token leaves one slot and enters another (R13). An undo stands beside it too, because it leads back (R22).
 */
export const STATUSES = {
  BOOKED: {
    seated: true,
    next: ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
    byOthers: ['WAITING'],
  },
  CHECKED_IN: {
    seated: true,
    next: ['IN_CONSULTATION', 'SKIPPED', 'CANCELLED', 'NO_SHOW'],
    byOthers: ['WAITING'],
  },
  SKIPPED: {
    seated: true,
    next: ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
    byOthers: ['WAITING'],
  },
  IN_CONSULTATION: { seated: true, next: ['COMPLETED', 'SKIPPED', 'NO_SHOW'], byOthers: [] },
  COMPLETED: { seated: true, next: [], byOthers: [] },
  WAITING: { seated: false, next: ['CANCELLED'], byOthers: ['BOOKED', 'CHECKED_IN', 'EXPIRED'] },
  CANCELLED: { seated: false, next: [], byOthers: [] },
  NO_SHOW: { seated: false, next: [], byOthers: [] },
  EXPIRED: { seated: false, next: [], byOthers: [] },
} as const;

export type Status = keyof typeof STATUSES;

/** The statuses that hold a seat, in the table's order. */
export const SEATED_STATUSES = [
  'BOOKED',
  'CHECKED_IN',
  'SKIPPED',
  'IN_CONSULTATION',
  'COMPLETED',
] as const;
export type SeatedStatus = (typeof SEATED_STATUSES)[number];
/** The statuses of a live token: it holds a seat of its slot or is on the waitlist. */
export type LiveStatus = SeatedStatus | 'WAITING';

/** Whether a token of this status holds a seat. Every count, rule and report uses this one predicate (R1). */
export const holdsSeat = (status: Status): status is SeatedStatus => STATUSES[status].seated;

/** Whether a token of this status is live: seated or waiting. A token that is not live is over. */
export const isLive = (status: Status): status is LiveStatus =>
  holdsSeat(status) || status === 'WAITING';

/** Whether the patient has yet to see the doctor. Only such a token can be moved (R13) or reclassified (R14). */
export const awaitsConsultation = (status: Status): boolean =>
  isLive(status) && status !== 'IN_CONSULTATION' && status !== 'COMPLETED';

/** Whether the hospital still has something to do for the patient: to see the patient, or to end the consultation. */
export const isWithHospital = (status: Status): boolean => isLive(status) && status !== 'COMPLETED';

/**
 * Whether a token of this status says that the patient is at the clinic. Null for a token that waits or is over: it
 * keeps what was so before, because it comes back with it (R5, R22).
 */
export function presenceAt(status: Status): boolean | null {
  switch (status) {
    case 'CHECKED_IN':
    case 'IN_CONSULTATION':
    case 'COMPLETED':
      return true;
    case 'BOOKED':
    case 'SKIPPED':
      return false;
    default:
      return null;
  }
}

/**
 * The status that a token gets with a seat: `CHECKED_IN` when the patient has checked in, otherwise `BOOKED` (R5).
 */
export const seatStatusOf = ({ hasCheckedIn }: { readonly hasCheckedIn: boolean }): SeatedStatus =>
  hasCheckedIn ? 'CHECKED_IN' : 'BOOKED';

/** The statuses to which a command on the token leads from this one, in the table's order. */
export const nextStatuses = (status: Status): readonly Status[] => STATUSES[status].next;

/** Whether a string is the name of a status. */
export const isStatus = (raw: string): raw is Status => Object.hasOwn(STATUSES, raw);
