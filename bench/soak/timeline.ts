/** What is done to the service or to its database. `calm` is nothing. */
export type Phase =
  | 'calm'
  | 'kill -9'
  | 'restart'
  | 'stopped process'
  | 'clock jump'
  | 'full disk'
  | 'cut connections'
  | 'database crash';

/** A fault of the service, of its machine or of its database. */
export interface Fault {
  readonly phase: Phase;
  /**
   * Causes the fault, calls `meanwhile` and ends the cause when that is over.
   * @param meanwhile resolves when the fault has lasted long enough
   */
  readonly run: (meanwhile: () => Promise<void>) => Promise<void>;
}

/** A period in which the phase was the same, in milliseconds of a clock that never goes back. */
export interface Period {
  readonly phase: Phase;
  readonly from: number;
  /** Infinity while the period lasts. */
  to: number;
}

/** Records which phase the run was in at which time. */
export class Timeline {
  readonly periods: Period[] = [{ phase: 'calm', from: performance.now(), to: Infinity }];

  get phase(): Phase {
    return this.periods.at(-1)?.phase ?? 'calm';
  }

  begin(phase: Phase): void {
    const now = performance.now();
    const last = this.periods.at(-1);
    if (last !== undefined) last.to = now;
    this.periods.push({ phase, from: now, to: Infinity });
  }

  /** The phases that a request has met which was sent at `from` and is answered now. */
  since(from: number): Set<Phase> {
    const phases = new Set<Phase>();
    for (let nth = this.periods.length - 1; nth >= 0; nth -= 1) {
      const period = this.periods[nth];
      if (period === undefined || period.to < from) break;
      phases.add(period.phase);
    }
    return phases;
  }
}
