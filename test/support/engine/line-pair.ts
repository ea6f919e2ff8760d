import { expect } from 'vitest';
import { lastChange, DEFAULT_CLASSES, type Token } from '../../../src/engine/index.ts';
import { Line } from '../../../src/engine/line.ts';
import { found, given } from './clinic.ts';

const { slot } = given(1);

/** A token of this rank; the class is an index into the default table, highest priority first. */
export const ranked = (classIndex: number, arrival: number): Token => ({
  id: `${classIndex}/${arrival}` as Token['id'],
  slot,
  patientName: '',
  patientId: null,
  patientClass: found(DEFAULT_CLASSES[classIndex]),
  arrival,
  number: arrival,
  bookedAt: 0 as Token['bookedAt'],
  status: 'BOOKED',
  hasCheckedIn: false,
  room: null,
  last: lastChange('booked', null),
});

/** The reference: an array, sorted by rank after every insert. */
class SortedArray {
  readonly tokens: Token[] = [];

  placeOf({ patientClass: { priority }, arrival }: Token): number {
    const place = this.tokens.findIndex(
      ({ patientClass, arrival: other }) =>
        patientClass.priority < priority ||
        (patientClass.priority === priority && other >= arrival),
    );
    return place === -1 ? this.tokens.length : place;
  }
}

export const PATTERNS = ['append', 'prepend', 'insert', 'pop first', 'pop last', 'remove'] as const;
export interface Phase {
  readonly pattern: (typeof PATTERNS)[number];
  readonly count: number;
}

/** A line and its reference; every step is done on both. `random` yields numbers from 0 to below 1. */
export class LinePair {
  readonly line = new Line<Token>();
  readonly reference = new SortedArray();
  readonly #random: () => number;
  #arrivals = 0;
  // Random arrivals are odd numbers, because appended and prepended tokens have even ones.
  readonly #used = new Set<number>();

  constructor(random: () => number) {
    this.#random = random;
  }

  step(pattern: Phase['pattern']): void {
    const { tokens } = this.reference;
    if (pattern === 'append') this.#insert(ranked(4, (this.#arrivals += 1) * 2));
    else if (pattern === 'prepend') this.#insert(ranked(0, (this.#arrivals += 1) * -2));
    else if (pattern === 'insert') this.#insert(ranked(this.#below(5), this.#oddArrival()));
    else if (tokens.length > 0) {
      const places = {
        'pop first': 0,
        'pop last': tokens.length - 1,
        remove: this.#below(tokens.length),
      };
      const [token] = tokens.splice(places[pattern], 1);
      this.line.remove(found(token));
    }
    this.#checkEnds();
  }

  checkAll(): void {
    const idsOf = (tokens: Iterable<Token>) => Array.from(tokens, ({ id }) => id);
    expect(idsOf(this.line)).toEqual(idsOf(this.reference.tokens));
    const aheads = this.reference.tokens.map((token) => this.line.aheadOf(token));
    expect(aheads).toEqual(this.reference.tokens.map((_, place) => place));
    const absent = ranked(this.#below(5), this.#oddArrival());
    expect(this.line.aheadOf(absent)).toBe(this.reference.placeOf(absent));
  }

  #insert(token: Token): void {
    this.reference.tokens.splice(this.reference.placeOf(token), 0, token);
    this.line.insert(token);
  }

  #checkEnds(): void {
    const { line } = this;
    const { tokens } = this.reference;
    const isRight =
      line.size === tokens.length && line.first() === tokens[0] && line.last() === tokens.at(-1);
    // `expect` is called only for a difference, because 100,000 calls cost seconds.
    if (!isRight)
      expect([line.size, line.first()?.id, line.last()?.id]).toEqual([
        tokens.length,
        tokens[0]?.id,
        tokens.at(-1)?.id,
      ]);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oddArrival(): number {
    const arrival = this.#below(1_000_000) * 2 - 999_999;
    if (this.#used.has(arrival)) return this.#oddArrival();
    this.#used.add(arrival);
    return arrival;
  }
}

/** A small generator of numbers from 0 to below 1 (mulberry32), so that one seed replays a failing example. */
export const randomFrom = (start: number) => {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
