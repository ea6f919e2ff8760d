import {
  isTokenChange,
  type Change,
  type EpochMs,
  type PatientClass,
  type SlotFacts,
} from '../engine/index.ts';
import { SeatWatch } from './empty-seats.ts';
import { inTurns, slicesOf } from './large-reads.ts';
import { Tally, tenthsOf, type Counts } from './tally.ts';
import { TokenDays, type TokenDay } from './token-days.ts';

export interface ClassCounts extends Counts {
  /** The class, as a booking names it. */
  readonly type: string;
}

/** What happened on one day or more. */
export interface DayCounts {
  /** Slots, closed ones included. */
  readonly slots: number;
  /** Seats of the slots that are not closed. */
  readonly offered: number;
  readonly total: Counts;
  readonly byClass: readonly ClassCounts[];
  /** Seat-minutes that stayed empty while a patient waited; 0 by R5. */
  readonly emptySeatMinutes: number;
}

export interface DayReport extends DayCounts {
  readonly doctorId: string;
  readonly date: string;
}

/** The change records of a doctor's day. */
export interface DayChanges {
  /** Of each slot the changes of it and of the tokens in it, oldest first, in pages. */
  readonly slots: Iterable<Iterable<readonly Change[]> | AsyncIterable<readonly Change[]>>;
  /** The instant up to which the report counts. */
  readonly at: EpochMs;
}

/** What happened on a doctor's day. */
export interface DayRecord extends DayChanges {
  readonly doctorId: string;
  readonly date: string;
  /** The class table, in its order. */
  readonly classes: readonly PatientClass[];
}

/** What the change records of a doctor's day say: the slots as they are at the end, and what happened to each token. */
export interface DayFacts {
  readonly slots: readonly SlotFacts[];
  /** Milliseconds for which a seat stayed empty while a patient waited. */
  readonly emptyMs: number;
  readonly tokens: readonly TokenDay[];
}

/**
 * The report of a doctor's day. It is a fold of the change records alone, so that it is the same while the day is in
 * memory and after the day was evicted. A token counts under the class it has at the end. The changes are counted page by
 * page, and other requests are handled between two pages.
 * @throws RequestEndedError when the request has ended
 */
export async function dayReportOf(
  { doctorId, date, classes, ...changes }: DayRecord,
  ended: AbortSignal,
): Promise<DayReport> {
  const sum = new DaySum(classes);
  await addDay(await readDay(changes, ended), [sum], ended);
  return { doctorId, date, ...sum.counts() };
}

/**
 * Reads the change records of a doctor's day, slot by slot.
 * @param onChange gets each change of a slot in its order
 * @throws RequestEndedError when the request has ended
 */
export async function readDay(
  { slots, at }: DayChanges,
  ended: AbortSignal,
  onChange: (change: Change) => void = () => undefined,
): Promise<DayFacts> {
  const tokens = new TokenDays();
  const facts: SlotFacts[] = [];
  let emptyMs = 0;
  for (const pages of slots) {
    const watch = new SeatWatch();
    for await (const changes of inTurns(pages, ended))
      for (const change of changes) {
        watch.take(change);
        if (isTokenChange(change)) tokens.take(change);
        onChange(change);
      }
    watch.advanceTo(at);
    emptyMs += watch.emptyMs;
    if (watch.slot !== null) facts.push(watch.slot);
  }
  return { slots: facts, emptyMs, tokens: tokens.all() };
}

/**
 * Adds a doctor's day to sums. Other requests are handled between two slices of its tokens.
 * @throws RequestEndedError when the request has ended
 */
export async function addDay(
  { slots, emptyMs, tokens }: DayFacts,
  sums: readonly DaySum[],
  ended: AbortSignal,
): Promise<void> {
  for (const sum of sums) sum.addSlots(slots, emptyMs);
  for await (const slice of inTurns(slicesOf(tokens), ended))
    for (const sum of sums) for (const token of slice) sum.addToken(token);
}

/** Adds up what happened on days of doctors. */
export class DaySum {
  #slots = 0;
  #offered = 0;
  #emptyMs = 0;
  readonly #total = new Tally();
  readonly #byType: Map<string, Tally>;

  /** @param classes the class table, in its order */
  constructor(classes: readonly PatientClass[]) {
    this.#byType = new Map(classes.map(({ type }) => [type, new Tally()]));
  }

  addSlots(slots: readonly SlotFacts[], emptyMs: number): void {
    this.#slots += slots.length;
    this.#emptyMs += emptyMs;
    for (const { closedReason, capacity } of slots)
      if (closedReason === null) this.#offered += capacity;
  }

  addToken(token: TokenDay): void {
    this.#total.add(token);
    const tally = this.#byType.get(token.type) ?? new Tally();
    this.#byType.set(token.type, tally);
    tally.add(token);
  }

  counts(): DayCounts {
    return {
      slots: this.#slots,
      offered: this.#offered,
      total: this.#total.counts(),
      byClass: Array.from(this.#byType, ([type, tally]) => ({ type, ...tally.counts() })),
      // Rounded up, because a single second must not become 0.
      emptySeatMinutes: Math.ceil(tenthsOf(this.#emptyMs)) / 10,
    };
  }
}
