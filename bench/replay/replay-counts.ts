import { ToolError } from '../lib/tool.ts';
import { Violations } from '../lib/violations.ts';

const TOTALS = ['accepted', 'duplicates', 'seated', 'waiting', 'promotions', 'bumps'] as const;
type Total = (typeof TOTALS)[number];

/** The totals of the answers, and the answers that were wrong. */
export class ReplayCounts {
  readonly totals: Record<Total, number> = {
    accepted: 0,
    duplicates: 0,
    seated: 0,
    waiting: 0,
    promotions: 0,
    bumps: 0,
  };
  /** No-shows that were sent as a cancel. */
  cancelled = 0;
  /** No-shows of bookings that were refused, which are not sent. */
  skipped = 0;
  seatedByBookings = 0;
  waitingByBookings = 0;
  /** True when a slot had a booking after its first no-show; there is no moment "after the bookings alone" then. */
  isMixed = false;
  readBacks = 0;
  readonly violations = new Violations();

  /** Adds a violation for each total that is not the expected one. */
  compare(expected: ReadonlyMap<Total, number>): void {
    for (const [name, value] of expected)
      this.violations.same(`total ${name}`, this.totals[name], value);
  }
}

/**
 * Reads `accepted=1,seated=2`.
 * @throws ToolError that names the wrong part
 */
export function expectedTotals(text: string): Map<Total, number> {
  const isTotal = (name: string): name is Total => (TOTALS as readonly string[]).includes(name);
  return new Map(
    text.split(',').map((part) => {
      const [, name = '', digits = ''] = /^(\w+)=(\d+)$/.exec(part.trim()) ?? [];
      if (isTotal(name)) return [name, Number(digits)];
      throw new ToolError(
        `--expect ${part} is not valid: it takes name=count, the names are ${TOTALS.join(', ')}; see --help.`,
      );
    }),
  );
}
