import {
  holdsSeat,
  isLive,
  isTokenChange,
  type Change,
  type EpochMs,
  type PatientClass,
  type SlotFacts,
  type Status,
  type TokenChange,
  type TokenId,
} from '../engine/index.ts';
import { emptySeatMsOf } from './empty-seats.ts';

/** The kinds of changes that a day report counts, in the order in which it shows them. */
export const COUNTED = [
  'booked',
  'moved_in',
  'moved_out',
  'bumped',
  'promoted',
  'checked_in',
  'skipped',
  'completed',
  'cancelled',
  'no_show',
  'expired',
] as const satisfies readonly Change['kind'][];
export type CountedKind = (typeof COUNTED)[number];

/** How long the patients who waited and got a seat had waited since they entered the slot. */
export interface Wait {
  readonly patients: number;
  /** Minutes, to a tenth; null when there is no such patient. */
  readonly medianMinutes: number | null;
  readonly p90Minutes: number | null;
}

/** How often each change happened to some tokens, and how many of them have a seat or wait at the end. */
export interface Counts {
  readonly changes: Readonly<Record<CountedKind, number>>;
  readonly seated: number;
  readonly waiting: number;
  readonly wait: Wait;
}

export interface ClassCounts extends Counts {
  /** The class, as a booking names it. */
  readonly type: string;
}

export interface DayReport {
  readonly doctorId: string;
  readonly date: string;
  /** Slots of the day, closed ones included. */
  readonly slots: number;
  /** Seats of the slots that are not closed. */
  readonly offered: number;
  readonly total: Counts;
  readonly byClass: readonly ClassCounts[];
  /** Seat-minutes that stayed empty while a patient waited; 0 by R5. */
  readonly emptySeatMinutes: number;
}

/** What happened on a doctor's day. */
export interface DayRecord {
  readonly doctorId: string;
  readonly date: string;
  /** The changes of each slot and of the tokens in it, oldest first. */
  readonly slots: readonly (readonly Change[])[];
  /** The class table, in its order. */
  readonly classes: readonly PatientClass[];
  /** The instant up to which the report counts. */
  readonly at: EpochMs;
}

/**
 * The report of a doctor's day. It is a fold of the change records alone, so that it is the same while the day is in
 * memory and after the day was evicted. A token counts under the class it has at the end.
 */
export function dayReportOf({ doctorId, date, slots, classes, at }: DayRecord): DayReport {
  const tokens = tokenDaysOf(slots);
  const byType = Map.groupBy(tokens, ({ type }) => type);
  const types = new Set([...classes.map(({ type }) => type), ...byType.keys()]);
  const facts = slots.flatMap((changes) => factsOf(changes) ?? []);
  const emptyMs = slots.map((changes) => emptySeatMsOf(changes, at));
  return {
    doctorId,
    date,
    slots: facts.length,
    offered: sum(facts.map(({ capacity, closedReason }) => (closedReason === null ? capacity : 0))),
    total: countsOf(tokens),
    byClass: Array.from(types, (type) => ({ type, ...countsOf(byType.get(type) ?? []) })),
    // Rounded up, because a single second must not become 0.
    emptySeatMinutes: Math.ceil(tenthsOf(sum(emptyMs))) / 10,
  };
}

/** What happened to one token in the slots of the day. */
class TokenDay {
  readonly counts = new Map<TokenChange['kind'], number>();
  type = '';
  /** Null once the token was moved to another day or doctor. */
  status: Status | null = null;
  /** Milliseconds from its entry into the slot until it got the seat that it had waited for; null when it never waited. */
  waitMs: number | null = null;
  #enteredAt = 0;
  /** Whether it waited when it was live last. */
  #waited = false;

  take(change: TokenChange): void {
    const { kind, at } = change;
    this.#count(kind, 1);
    // What was taken back did not happen: a day with one completed visit too many counts one less.
    if (kind === 'undone') this.#count(change.undone, -1);
    if (kind === 'moved_out') this.status = null;
    else if (kind !== 'reclassified' && kind !== 'corrected') this.status = change.to;
    if (kind === 'booked' || kind === 'moved_in') this.#enteredAt = at;
    if (kind === 'booked' || kind === 'moved_in' || kind === 'reclassified')
      this.type = change.patientType;
    const isSeated = this.status !== null && holdsSeat(this.status);
    // A clock that was set back makes no wait negative.
    if (isSeated && this.#waited) this.waitMs = Math.max(0, at - this.#enteredAt);
    // A waiting token has no seat, also when it was promoted before and bumped since.
    if (this.status === 'WAITING') this.waitMs = null;
    if (this.status !== null && isLive(this.status)) this.#waited = this.status === 'WAITING';
    else if (kind === 'moved_out') this.#waited = false;
  }

  #count(kind: TokenChange['kind'], difference: 1 | -1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + difference);
  }
}

/** The tokens that were in one of the slots, in the order of their first changes. */
function tokenDaysOf(slots: DayRecord['slots']): TokenDay[] {
  const days = new Map<TokenId, TokenDay>();
  // A token can be moved from slot to slot and back: the doctor's versions give the order of all changes.
  for (const change of slots.flat().sort((a, b) => a.version - b.version)) {
    if (!isTokenChange(change)) continue;
    const day = days.get(change.tokenId) ?? new TokenDay();
    days.set(change.tokenId, day);
    day.take(change);
  }
  return [...days.values()];
}

function countsOf(tokens: readonly TokenDay[]): Counts {
  const timesOf = (kind: CountedKind): number =>
    sum(tokens.map(({ counts }) => counts.get(kind) ?? 0));
  const changes = Object.fromEntries(COUNTED.map((kind) => [kind, timesOf(kind)]));
  return {
    changes: changes as Record<CountedKind, number>,
    seated: tokens.filter(({ status }) => status !== null && holdsSeat(status)).length,
    waiting: tokens.filter(({ status }) => status === 'WAITING').length,
    wait: waitOf(tokens.flatMap(({ waitMs }) => waitMs ?? [])),
  };
}

function waitOf(waits: readonly number[]): Wait {
  const sorted = waits.toSorted((a, b) => a - b);
  return {
    patients: sorted.length,
    medianMinutes: percentileOf(sorted, 50),
    p90Minutes: percentileOf(sorted, 90),
  };
}

/** The shortest of these waits that so many percent do not exceed (nearest rank), in minutes. */
function percentileOf(sorted: readonly number[], percent: number): number | null {
  const wait = sorted[Math.ceil((percent * sorted.length) / 100) - 1];
  return wait === undefined ? null : Math.round(tenthsOf(wait)) / 10;
}

/** The latest facts of a slot. */
const factsOf = (changes: readonly Change[]): SlotFacts | undefined =>
  changes.findLast((change) => change.kind === 'slot_set')?.slot;

/** Tenths of a minute. */
const tenthsOf = (ms: number): number => ms / 6_000;

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);
