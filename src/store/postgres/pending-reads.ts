import type { DoctorId } from '../../engine/index.ts';
import { partition } from './partition.ts';

/** Somebody who wants to see a doctor as the doctor is on record. */
export interface PendingRead {
  readonly doctorId: DoctorId;
  readonly run: () => void;
  readonly fail: (error: unknown) => void;
  /** The instant, on the clock of `performance`, after which it is not tried again. */
  readonly until: number;
}

/** The looks that wait until nothing is under way with their doctor. */
export class PendingReads {
  #waiting: PendingRead[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(...looks: readonly PendingRead[]): void {
    this.#waiting.push(...looks);
  }

  /** Takes those that are wanted. */
  takeIf(isWanted: (look: PendingRead) => boolean): PendingRead[] {
    const [taken, left] = partition(this.#waiting, isWanted);
    this.#waiting = left;
    return taken;
  }
}
