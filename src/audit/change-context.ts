import type { AllocationEngine, Change, TokenId } from '../engine/index.ts';
import type { MoveHistories } from './move-histories.ts';

/** What a change record is checked against. */
export interface ChangeContext {
  /** The engine in the state right before the change. */
  readonly engine: AllocationEngine;
  /** The change records of the tokens that move between slots. */
  readonly moves: MoveHistories;
  /** The tokens that left their last slot of the doctor because the hospital closed it (R13). */
  readonly leftByClosing: ReadonlySet<TokenId>;
  /** The change of the same doctor right before this one. */
  readonly previous: Change | undefined;
  /** The change of the same doctor right after this one. */
  readonly next: Change | undefined;
}
