/**
 * The status table of the allocation rules, as data: whether a token of a status holds a seat, and which statuses it
 * may change to. A move stands beside this table, because there the token leaves one slot and enters another (R13).
 */
export const STATUSES = {
  BOOKED: {
    seated: true,
    next: ['WAITING', 'CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  },
  CHECKED_IN: {
    seated: true,
    next: ['WAITING', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  },
  IN_CONSULTATION: { seated: true, next: ['COMPLETED'] },
  COMPLETED: { seated: true, next: [] },
  WAITING: { seated: false, next: ['BOOKED', 'CANCELLED', 'EXPIRED'] },
  CANCELLED: { seated: false, next: [] },
  NO_SHOW: { seated: false, next: [] },
  EXPIRED: { seated: false, next: [] },
} as const;

export type Status = keyof typeof STATUSES;

/** The statuses that hold a seat, in the table's order. */
export const SEATED_STATUSES = ['BOOKED', 'CHECKED_IN', 'IN_CONSULTATION', 'COMPLETED'] as const;
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

/** Whether a change to this status means that the patient is at the clinic. */
export const impliesCheckIn = (status: Status): boolean =>
  status === 'CHECKED_IN' || status === 'IN_CONSULTATION';

/**
 * The status that a token gets with a seat: `CHECKED_IN` when the patient has checked in, otherwise `BOOKED` (R5).
 */
export const seatStatusOf = ({ hasCheckedIn }: { readonly hasCheckedIn: boolean }): SeatedStatus =>
  hasCheckedIn ? 'CHECKED_IN' : 'BOOKED';

/** The statuses that this one may change to, in the table's order. */
export const nextStatuses = (status: Status): readonly Status[] => STATUSES[status].next;

/** Whether a string is the name of a status. */
export const isStatus = (raw: string): raw is Status => Object.hasOwn(STATUSES, raw);
