import {
  holdsSeat,
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

/** The changes that a day report counts, in the order in which it tells them. */
export const COUNTED = [
  'booked',
  'moved_in',
  'moved_out',
  'bumped',
  'promoted',
  'checked_in',
  'completed',
  'cancelled',
  'no_show',
  'expired',
] as const satisfies readonly Change['kind'][];
type Counted = (typeof COUNTED)[number];

/** How long those waited who got a seat in the end, from their arrival in its slot; null when nobody did. */
export interface WaitView {
  readonly patients: number;
  /** Minutes, to a tenth. */
  readonly median_minutes: number | null;
  readonly p90_minutes: number | null;
}

/** What became of some tokens: how often each change happened to them, and what they hold at the end. */
export type CountsView = { readonly [Kind in Counted]: number } & {
  readonly seated: number;
  readonly waiting: number;
  readonly wait: WaitView;
};

export interface DayReportView {
  readonly doctor_id: string;
  readonly date: string;
  /** Slots of the day, closed ones included. */
  readonly slots: number;
  /** Seats of the slots that are not closed. */
  readonly offered: number;
  readonly total: CountsView;
  readonly by_class: readonly ({ readonly type: string } & CountsView)[];
  /** Seat-minutes that stayed empty while somebody waited; 0 by R5. */
  readonly empty_seat_minutes: number;
}

/** What happened on a doctor's day. */
export interface DayRecord {
  readonly doctorId: string;
  readonly date: string;
  /** For each slot its changes, oldest first: what it was set to and what happened to the tokens in it. */
  readonly slots: readonly (readonly Change[])[];
  /** The class table, in its order. */
  readonly classes: readonly PatientClass[];
  /** The instant up to which it is told. */
  readonly at: EpochMs;
}

/**
 * The report of a doctor's day: a fold of what is on record and of nothing else, so that a day is told the same while
 * it is in memory and ever after. A token counts under the class it has at the end.
 */
export function dayReportOf({ doctorId, date, slots, classes, at }: DayRecord): DayReportView {
  const tokens = tokenDaysOf(slots);
  const byType = Map.groupBy(tokens, ({ type }) => type);
  const types = new Set([...classes.map(({ type }) => type), ...byType.keys()]);
  const facts = slots.flatMap((changes) => factsOf(changes) ?? []);
  const emptyMs = slots.map((changes) => emptySeatMsOf(changes, at));
  return {
    doctor_id: doctorId,
    date,
    slots: facts.length,
    offered: sum(facts.map(({ capacity, closedReason }) => (closedReason === null ? capacity : 0))),
    total: countsOf(tokens),
    by_class: Array.from(types, (type) => ({ type, ...countsOf(byType.get(type) ?? []) })),
    // Upwards: not even a second is told as none.
    empty_seat_minutes: Math.ceil(tenthsOf(sum(emptyMs))) / 10,
  };
}

/** A token's day with its doctor, from slot to slot. */
class TokenDay {
  readonly counts = new Map<TokenChange['kind'], number>();
  type = '';
  /** Null once it has left for another day or doctor. */
  status: Status | null = null;
  /** Milliseconds from its arrival in the slot to the promotion that gave it the seat; null when none did. */
  waitMs: number | null = null;
  #arrivedAt = 0;

  take(change: TokenChange): void {
    const { kind, at } = change;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (kind === 'moved_out') this.status = null;
    else if (kind !== 'reclassified') this.status = change.to;
    if (kind === 'booked' || kind === 'moved_in') this.#arrivedAt = at;
    if (kind === 'booked' || kind === 'moved_in' || kind === 'reclassified')
      this.type = change.patientType;
    // A clock that was set back makes no wait negative.
    if (kind === 'promoted') this.waitMs = Math.max(0, at - this.#arrivedAt);
    // Whoever waits has no seat, whatever they were promoted to before.
    if (this.status === 'WAITING') this.waitMs = null;
  }
}

/** Everybody who was in one of the slots, by the first change of each. */
function tokenDaysOf(slots: DayRecord['slots']): TokenDay[] {
  const days = new Map<TokenId, TokenDay>();
  // A token may go from slot to slot and back: the doctor's versions are the order of it all.
  for (const change of slots.flat().sort((a, b) => a.version - b.version)) {
    if (!isTokenChange(change)) continue;
    const day = days.get(change.tokenId) ?? new TokenDay();
    days.set(change.tokenId, day);
    day.take(change);
  }
  return [...days.values()];
}

function countsOf(tokens: readonly TokenDay[]): CountsView {
  const timesOf = (kind: Counted): number => sum(tokens.map(({ counts }) => counts.get(kind) ?? 0));
  const counts = Object.fromEntries(COUNTED.map((kind) => [kind, timesOf(kind)]));
  return {
    ...(counts as Record<Counted, number>),
    seated: tokens.filter(({ status }) => status !== null && holdsSeat(status)).length,
    waiting: tokens.filter(({ status }) => status === 'WAITING').length,
    wait: waitOf(tokens.flatMap(({ waitMs }) => waitMs ?? [])),
  };
}

function waitOf(waits: readonly number[]): WaitView {
  const sorted = waits.toSorted((a, b) => a - b);
  return {
    patients: sorted.length,
    median_minutes: percentileOf(sorted, 50),
    p90_minutes: percentileOf(sorted, 90),
  };
}

/** The shortest of these waits that so many percent do not exceed (nearest rank), in minutes. */
function percentileOf(sorted: readonly number[], percent: number): number | null {
  const wait = sorted[Math.ceil((percent * sorted.length) / 100) - 1];
  return wait === undefined ? null : Math.round(tenthsOf(wait)) / 10;
}

/** What a slot was set to last. */
const factsOf = (changes: readonly Change[]): SlotFacts | undefined =>
  changes.findLast((change) => change.kind === 'slot_set')?.slot;

/** Tenths of a minute. */
const tenthsOf = (ms: number): number => ms / 6_000;

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);
