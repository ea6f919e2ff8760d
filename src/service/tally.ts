import { holdsSeat, type Change, type Status } from '../engine/index.ts';

/** The kinds of changes that a report counts, in the order in which it shows them. */
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

/** How long some patients waited. */
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
  /** Of the patients who waited and got a seat: from the entry into the slot to the seat. */
  readonly wait: Wait;
  /** Of the patients who checked in and were called: from the check-in to the call. */
  readonly callWait: Wait;
}

/** What happened to one token. */
interface CountedToken {
  /** How often each kind of `COUNTED` happened, in its order. */
  readonly counts: readonly number[];
  /** Null once the token was moved to another day or doctor. */
  readonly status: Status | null;
  /** Milliseconds from its entry into the slot until it got the seat that it had waited for; null when it never waited. */
  readonly waitMs: number | null;
  /** Milliseconds from the check-in until the doctor called the patient; null when the patient was not called, or not there. */
  readonly callWaitMs: number | null;
}

/** Adds up what happened to some tokens. */
export class Tally {
  readonly #changes = COUNTED.map(() => 0);
  readonly #waits: number[] = [];
  readonly #callWaits: number[] = [];
  #seated = 0;
  #waiting = 0;

  add({ counts, status, waitMs, callWaitMs }: CountedToken): void {
    for (const [index, count] of counts.entries())
      this.#changes[index] = (this.#changes[index] ?? 0) + count;
    if (status !== null && holdsSeat(status)) this.#seated += 1;
    if (status === 'WAITING') this.#waiting += 1;
    if (waitMs !== null) this.#waits.push(waitMs);
    if (callWaitMs !== null) this.#callWaits.push(callWaitMs);
  }

  counts(): Counts {
    const changes = COUNTED.map((kind, index) => [kind, this.#changes[index] ?? 0] as const);
    return {
      changes: Object.fromEntries(changes) as Record<CountedKind, number>,
      seated: this.#seated,
      waiting: this.#waiting,
      wait: waitOf(this.#waits),
      callWait: waitOf(this.#callWaits),
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
export const tenthsOf = (ms: number): number => ms / 6_000;
