import { found } from '../engine/clinic.ts';
import type { Operation } from './linearizability.ts';
import { CLASSES, type DoctorRequest, type LinearDay } from './linear-request.ts';
import { words } from './linear-words.ts';

// Histories written by hand: their requests and answers. A name gives the class: W1 is a walk-in. There is one slot
// with one seat, `nine`, unless a case has another day.

export const DAY: LinearDay = { slots: [{ id: 'nine', capacity: 1 }], rooms: 1, waitlistMax: 2 };
export const TWO: LinearDay = {
  slots: [
    { id: 'nine', capacity: 1 },
    { id: 'ten', capacity: 2 },
  ],
  rooms: 2,
  waitlistMax: 2,
};
export const NINE = 0;
export const TEN = 1;

const typeOf = (name: string) => found(CLASSES.find((type) => type.startsWith(name.charAt(0))));

/** `W1` or, with a patient, `W1/p7`. */
export const book = (who: string, slot = NINE): DoctorRequest => {
  const [name = '', patient = null] = who.split('/');
  const number = patient === null ? null : Number(patient.slice(1));
  return { kind: 'book', slot, name, type: typeOf(name), patient: number };
};
const on =
  (kind: 'cancel' | 'noShow' | 'checkIn' | 'skip' | 'complete' | 'undo' | 'token') =>
  (token: number): DoctorRequest => ({ kind, token });
export const [cancel, checkIn, skip, undo, read] = [
  on('cancel'),
  on('checkIn'),
  on('skip'),
  on('undo'),
  on('token'),
];
export const call = (room: string | null = null): DoctorRequest => ({
  ...{ kind: 'callNext', slot: null, current: null, room },
});
export const schedule: DoctorRequest = { kind: 'schedule' };
export const queue: DoctorRequest = { kind: 'queue' };
export const close: DoctorRequest = { kind: 'closeSlot', slot: NINE, moveTo: null };
export const reopen: DoctorRequest = { kind: 'reopenSlot', slot: NINE };

/** A token: `1 W1` is booked, `2 W2 1` is the first on the waitlist, `3 W3 CHECKED_IN` has this status. */
const shownOf = (token: string, slot: string, room: string | null) => {
  const [number, who = '', place = 'BOOKED'] = token.split(' ');
  const [name = '', patient = null] = who.split('/');
  const position = Number.isNaN(Number(place)) ? null : Number(place);
  const status = position === null ? place : 'WAITING';
  const type = typeOf(name);
  return { number: Number(number), name, patient, type, slot, status, position, room };
};
export const textOf = (token: string, slot = 'nine', room: string | null = null): string =>
  words.token(shownOf(token, slot, room));
export const seated = (token: string, bumped: string | null = null, slot = 'nine') =>
  words.done(201, textOf(token, slot), { bumped: bumped === null ? [] : [bumped] });
export const waits = (token: string, slot: string, ...free: string[]) =>
  words.done(201, textOf(token, slot), { bumped: [], free });
const listOf = (token: string | null, slot?: string) =>
  token === null ? [] : [textOf(token, slot)];
export const cancelled = (number: number, promoted: string | null = null, slot = 'nine') =>
  words.done(200, words.cancelled(number), { promoted: listOf(promoted, slot) });
export const shown = (token: string) => words.done(200, textOf(token));
export const skipped = (token: string) =>
  words.done(200, textOf(token), { bumped: [], promoted: [] });
export const undone = (kind: string, token: string, free?: string[]) =>
  words.done(200, textOf(token), { undone: [kind], bumped: [], promoted: [], free });
export const called = (token: string, room: string | null = null, slot = 'nine') =>
  words.done(200, textOf(`${token} IN_CONSULTATION`, slot, room), {
    ...{ completed: [], skipped: [], promoted: [] },
  });
export const board = (
  seatedTokens: string[],
  waiting: string[] = [],
  { slot = 'nine', capacity = 1, status = 'OPEN' } = {},
) =>
  words.slot({
    ...{ id: slot, status, capacity, left: capacity - seatedTokens.length },
    seated: seatedTokens.map((token) => textOf(token, slot)),
    waiting: waiting.map((token) => textOf(token, slot)),
  });
export const closed = (outcome?: string, token = '') =>
  words.done(200, board([], [], { status: 'CLOSED' }), {
    affected: outcome === undefined ? [] : [`${outcome} ${textOf(token)}`],
    bumped: [],
  });
export const shows = (...boards: string[]) => words.schedule(boards);
/** The tokens of `nine` that are with the doctor, to be called, skipped and waiting. */
export const queued = (...lists: string[][]) =>
  words.queue(
    [...lists, [], [], [], []]
      .slice(0, 4)
      .map((list) => list.map((token) => words.queued(shownOf(token, 'nine', null)))),
  );

/**
 * The times of the request and of its answer, the request, and the answer. Without an answer the second time is null.
 */
export type Line = readonly [number, number | null, DoctorRequest, string?];

export const operations = (lines: readonly Line[]): Operation<DoctorRequest>[] =>
  lines.map(([invoked, at, request, text = ''], client) => ({
    client,
    invoked,
    request,
    answered: at === null ? null : { at, text },
  }));

export type Case = [name: string, lines: readonly Line[], day?: LinearDay];
