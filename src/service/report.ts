import {
  holdsSeat,
  isLive,
  isTokenChange,
  type Change,
  type EpochMs,
  type PatientClass,
  type Status,
  type TokenChange,
  type TokenId,
} from '../engine/index.ts';
import { SeatWatch } from './empty-seats.ts';
import { inTurns, slicesOf } from './large-reads.ts';

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
  /** Of each slot the changes of it and of the tokens in it, oldest first, in pages. */
  readonly slots: Iterable<Iterable<readonly Change[]> | AsyncIterable<readonly Change[]>>;
  /** The class table, in its order. */
  readonly classes: readonly PatientClass[];
  /** The instant up to which the report counts. */
  readonly at: EpochMs;
}

/**
 * The report of a doctor's day. It is a fold of the change records alone, so that it is the same while the day is in
 * memory and after the day was evicted. A token counts under the class it has at the end. The changes are counted page by
 * page, and other requests are handled between two pages.
 * @throws RequestEndedError when the request has ended
 */
export async function dayReportOf(
  { doctorId, date, slots, classes, at }: DayRecord,
  ended: AbortSignal,
): Promise<DayReport> {
  const tokens = new TokenDays();
  let slotCount = 0;
  let offered = 0;
  let emptyMs = 0;
  for (const pages of slots) {
    const watch = new SeatWatch();
    for await (const changes of inTurns(pages, ended))
      for (const change of changes) {
        watch.take(change);
        if (isTokenChange(change)) tokens.take(change);
      }
    watch.advanceTo(at);
    emptyMs += watch.emptyMs;
    if (watch.slot !== null) slotCount += 1;
    if (watch.slot?.closedReason === null) offered += watch.slot.capacity;
  }
  const total = new Tally();
  const byType = new Map(classes.map(({ type }) => [type, new Tally()]));
  for await (const slice of inTurns(slicesOf(tokens.all()), ended))
    for (const token of slice) {
      total.add(token);
      const tally = byType.get(token.type) ?? new Tally();
      byType.set(token.type, tally);
      tally.add(token);
    }
  return {
    doctorId,
    date,
    slots: slotCount,
    offered,
    total: total.counts(),
    byClass: Array.from(byType, ([type, tally]) => ({ type, ...tally.counts() })),
    // Rounded up, because a single second must not become 0.
    emptySeatMinutes: Math.ceil(tenthsOf(emptyMs)) / 10,
  };
}

/** The index of each kind in `COUNTED`. */
const PLACE_OF = new Map<Change['kind'], number>(COUNTED.map((kind, index) => [kind, index]));

/** What happened to one token in the slots of the day. */
class TokenDay {
  /** How often each kind of `COUNTED` happened, in its order: an array, because a day may have very many tokens. */
  readonly counts = COUNTED.map(() => 0);
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
    const index = PLACE_OF.get(kind);
    if (index !== undefined) this.counts[index] = (this.counts[index] ?? 0) + difference;
  }
}

/** What happened to each token in the slots of the day, of which one is read after the other. */
class TokenDays {
  readonly #days = new Map<TokenId, TokenDay>();
  /**
   * The changes of tokens that were moved, from the first move on. A token can be moved from slot to slot and back: the
   * doctor's versions give the order of its changes when all slots are read.
   */
  readonly #moved = new Map<TokenId, TokenChange[]>();

  take(change: TokenChange): void {
    const { kind, tokenId } = change;
    const moved = this.#moved.get(tokenId);
    if (moved !== undefined) moved.push(change);
    else if (kind === 'moved_in' || kind === 'moved_out') this.#moved.set(tokenId, [change]);
    else this.#dayOf(tokenId).take(change);
  }

  /** The tokens that were in one of the slots. It is called once, after all changes were taken. */
  all(): readonly TokenDay[] {
    for (const [tokenId, changes] of this.#moved)
      for (const change of changes.sort((a, b) => a.version - b.version))
        this.#dayOf(tokenId).take(change);
    return [...this.#days.values()];
  }

  #dayOf(id: TokenId): TokenDay {
    const day = this.#days.get(id) ?? new TokenDay();
    this.#days.set(id, day);
    return day;
  }
}

/** Adds up what happened to some tokens. */
class Tally {
  readonly #changes = COUNTED.map(() => 0);
  readonly #waits: number[] = [];
  #seated = 0;
  #waiting = 0;

  add({ counts, status, waitMs }: TokenDay): void {
    for (const [index, count] of counts.entries())
      this.#changes[index] = (this.#changes[index] ?? 0) + count;
    if (status !== null && holdsSeat(status)) this.#seated += 1;
    if (status === 'WAITING') this.#waiting += 1;
    if (waitMs !== null) this.#waits.push(waitMs);
  }

  counts(): Counts {
    const changes = COUNTED.map((kind, index) => [kind, this.#changes[index] ?? 0] as const);
    return {
      changes: Object.fromEntries(changes) as Record<CountedKind, number>,
      seated: this.#seated,
      waiting: this.#waiting,
      wait: waitOf(this.#waits),
    };
  }
}

function waitOf(waits: readonly number[]): Wait {
  // Numbers alone are sorted ten times as fast as objects of an array.
  const sorted = Float64Array.from(waits).sort();
  return {
    patients: sorted.length,
    medianMinutes: percentileOf(sorted, 50),
    p90Minutes: percentileOf(sorted, 90),
  };
}

/** The shortest of these waits that so many percent do not exceed (nearest rank), in minutes. */
function percentileOf(sorted: Float64Array, percent: number): number | null {
  const wait = sorted[Math.ceil((percent * sorted.length) / 100) - 1];
  return wait === undefined ? null : Math.round(tenthsOf(wait)) / 10;
}

/** Tenths of a minute. */
const tenthsOf = (ms: number): number => ms / 6_000;
