/** What a token is doing, and what it may do next: the status table of the allocation rules, as data. */
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
/** The statuses of a token that has a place in its slot: on a seat or on the waitlist. */
export type LiveStatus = SeatedStatus | 'WAITING';

/** The one predicate that says what holds a seat. */
export const holdsSeat = (status: Status): status is SeatedStatus => STATUSES[status].seated;

/** True while the token has a place in its slot; false once it is over. */
export const isLive = (status: Status): status is LiveStatus =>
  holdsSeat(status) || status === 'WAITING';

/** The statuses a client's command may take this one to. */
export const nextStatuses = (status: Status): readonly Status[] => STATUSES[status].next;

export const isStatus = (raw: string): raw is Status => Object.hasOwn(STATUSES, raw);
