import type { EpochMs } from './ids.ts';
import type { EngineState } from './state.ts';

/** The instant at which an answer is made, and the engine whose state and rules the answer shows. */
export interface Moment {
  readonly engine: EngineState;
  readonly at: EpochMs;
}
