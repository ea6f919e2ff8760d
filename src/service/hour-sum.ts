import type { Change, SlotFacts, TokenId } from '../engine/index.ts';

/** The kinds of changes that are counted by the hour, in the order in which a report shows them. */
export const HOURLY = ['booked', 'checked_in', 'completed'] as const satisfies Change['kind'][];
export type HourlyKind = (typeof HOURLY)[number];

const DAY_HOURS = 24;

/** What happened in one hour of the clock, added up over the days of a report. */
export interface HourCounts {
  /** 0 to 23. */
  readonly hour: number;
  /** Seats of the slots that are not closed, to a tenth; those of a slot are spread evenly over its planned time. */
  readonly seats: number;
  readonly changes: Readonly<Record<HourlyKind, number>>;
}

/** Adds up what happened in each hour of the clock. */
export class HourSum {
  readonly #seats = Array.from({ length: DAY_HOURS }, () => 0);
  readonly #changes = new Map(
    HOURLY.map((kind) => [kind, Array.from({ length: DAY_HOURS }, () => 0)]),
  );

  counts(): readonly HourCounts[] {
    return this.#seats.map((seats, hour) => ({
      hour,
      seats: Math.round(seats * 10) / 10,
      changes: Object.fromEntries(
        Array.from(this.#changes, ([kind, hours]) => [kind, hours[hour] ?? 0]),
      ) as Record<HourlyKind, number>,
    }));
  }

  /**
   * Begins a doctor's day.
   * @param starts when the hours of the date and of the next one begin, see `hoursFrom`
   */
  day(starts: readonly number[]): HoursOfDay {
    return new HoursOfDay(starts, this);
  }

  addSeats(index: number, seats: number): void {
    addAt(this.#seats, index, seats);
  }

  count(kind: HourlyKind, index: number, difference: 1 | -1): void {
    addAt(this.#changes.get(kind) ?? [], index, difference);
  }
}

/** Adds to an hour of the clock. The hours behind midnight of a slot that runs past it are hours of the clock too. */
function addAt(hours: number[], index: number, difference: number): void {
  const hour = index % DAY_HOURS;
  hours[hour] = (hours[hour] ?? 0) + difference;
}

/** What happened in the hours of a doctor's day, added to a sum. */
class HoursOfDay {
  readonly #starts: readonly number[];
  readonly #sum: HourSum;
  /** The hour of each token's last change of a kind, because an undone change does not count (R22). */
  readonly #hourOf = new Map(HOURLY.map((kind) => [kind, new Map<TokenId, number>()]));

  constructor(starts: readonly number[], sum: HourSum) {
    this.#starts = starts;
    this.#sum = sum;
  }

  /** Counts a change. One before the date, such as a booking for a later day, is in no hour. */
  take(change: Change): void {
    if (change.kind === 'undone') {
      const kind = HOURLY.find((each) => each === change.undone);
      const index = kind && this.#hourOf.get(kind)?.get(change.tokenId);
      if (kind !== undefined && index !== undefined) this.#sum.count(kind, index, -1);
      return;
    }
    const kind = HOURLY.find((each) => each === change.kind);
    if (kind === undefined || !('tokenId' in change)) return;
    const hours = this.#hourOf.get(kind);
    const index = this.#indexOf(change.at);
    if (index === undefined) return void hours?.delete(change.tokenId);
    hours?.set(change.tokenId, index);
    this.#sum.count(kind, index, 1);
  }

  /** Spreads the seats of a slot over its planned time. A closed slot has none. */
  addSlot({ startTime, endTime, capacity, closedReason }: SlotFacts): void {
    if (closedReason !== null) return;
    for (const [index, start] of this.#starts.entries()) {
      const end = this.#starts[index + 1] ?? start;
      const sharedMs = Math.min(end, endTime) - Math.max(start, startTime);
      if (sharedMs > 0) this.#sum.addSeats(index, (capacity * sharedMs) / (endTime - startTime));
    }
  }

  #indexOf(at: number): number | undefined {
    const index = this.#starts.findIndex((start) => start > at) - 1;
    return index < 0 ? undefined : index;
  }
}
