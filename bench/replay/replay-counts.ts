import { Breaches } from '../lib/violations.ts';
import { ToolError } from '../lib/tool.ts';

const TOTALS = ['accepted', 'duplicates', 'seated', 'waiting', 'promotions', 'bumps'] as const;
type Total = (typeof TOTALS)[number];

/** What the answers add up to, and what was wrong with them. */
export class Tally {
  readonly totals: Record<Total, number> = {
    accepted: 0,
    duplicates: 0,
    seated: 0,
    waiting: 0,
    promotions: 0,
    bumps: 0,
  };
  cancelled = 0;
  /** Outcomes of bookings that were refused. */
  skipped = 0;
  seatedByBookings = 0;
  waitingByBookings = 0;
  /** True when a slot had bookings after its first outcome: "after the bookings alone" is no moment then. */
  isMixed = false;
  readBacks = 0;
  readonly breaches = new Breaches();

  /** Counts a total that is not the expected one as a breach. */
  compare(expected: ReadonlyMap<Total, number>): void {
    for (const [name, value] of expected)
      this.breaches.same(`total ${name}`, this.totals[name], value);
  }
}

/**
 * Reads `accepted=1,seated=2`.
 * @throws ToolError naming the part that is wrong
 */
export function expectedTotals(text: string): Map<Total, number> {
  const isTotal = (name: string): name is Total => (TOTALS as readonly string[]).includes(name);
  return new Map(
    text.split(',').map((part) => {
      const [, name = '', digits = ''] = /^(\w+)=(\d+)$/.exec(part.trim()) ?? [];
      if (isTotal(name)) return [name, Number(digits)];
      throw new ToolError(`--expect ${part} is not valid: name=count of ${TOTALS.join(', ')}.`);
    }),
  );
}
