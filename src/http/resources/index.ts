/** The resources of the HTTP contract, as a client sees them in answers. */
export type * from './booking.ts';
export type * from './doctor.ts';
export type * from './history.ts';
export type * from './leave.ts';
export type * from './report.ts';
export type * from './schedule.ts';
export type * from './slot.ts';
export type * from './token.ts';
export type * from './visit.ts';
