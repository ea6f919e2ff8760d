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

/** True while a live token is still to be seen: it can be moved, reclassified or called. */
export const awaitsConsultation = (status: Status): boolean =>
  isLive(status) && status !== 'IN_CONSULTATION' && status !== 'COMPLETED';

/** Whether a token of this status has been at the desk, whatever becomes of it later. */
export const impliesCheckIn = (status: Status): boolean =>
  status === 'CHECKED_IN' || status === 'IN_CONSULTATION';

/** The seat status that a patient comes to: one who has been at the desk is still there. */
export const seatStatusOf = ({ hasCheckedIn }: { readonly hasCheckedIn: boolean }): SeatedStatus =>
  hasCheckedIn ? 'CHECKED_IN' : 'BOOKED';

/** The statuses that this one may change to. */
export const nextStatuses = (status: Status): readonly Status[] => STATUSES[status].next;

export const isStatus = (raw: string): raw is Status => Object.hasOwn(STATUSES, raw);
