import type { EpochMs } from '../engine/index.ts';
import type { Message } from './messages.ts';
import type { WindowItem } from './progress.ts';

/** A message that waits for its turn. */
export interface Waiting {
  readonly message: Message;
  /** The cursor before it. */
  readonly before: string;
  readonly item: WindowItem;
}

/** The messages of one doctor, the next one first. */
export interface Lane {
  readonly waiting: Waiting[];
  isBusy: boolean;
}

/** A doctor who lags behind: what comes next is read from the record behind `cursor`. */
export interface Behind {
  cursor: string;
  /** The version of the last message that was handled; 0 if none was since the start. */
  version: number;
  /** The version of the last message that was passed over, because it is read later. */
  passedOver: number;
  tries: number;
  failingSince: EpochMs;
  nextAt: number;
  isBusy: boolean;
}
