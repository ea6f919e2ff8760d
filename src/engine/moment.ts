import type { EpochMs, LocalDate } from './ids.ts';
import type { EngineState } from './state.ts';

/** The instant at which an answer is made, and the engine whose state and rules the answer shows. */
export interface Moment {
  readonly engine: EngineState;
  readonly at: EpochMs;
  /** The calendar day of `at` in a time zone. */
  readonly todayIn: (timeZone: string) => LocalDate;
}
