import type { DoctorId } from '../../engine/index.ts';
import { partition } from './partition.ts';

/** A read of one doctor that waits until the engine has the doctor as stored in the database. */
export interface PendingRead {
  readonly doctorId: DoctorId;
  /** Reads the engine, synchronously, and resolves the caller's promise. It never throws. */
  readonly read: () => void;
  readonly reject: (error: unknown) => void;
  /** The instant, on the clock of `performance`, after which the read is not retried. */
  readonly deadlineMs: number;
}

/** The reads that wait because their doctors are busy. */
export class PendingReads {
  #waiting: PendingRead[] = [];

  get size(): number {
    return this.#waiting.length;
  }

  add(...reads: readonly PendingRead[]): void {
    this.#waiting.push(...reads);
  }

  /** Removes the reads that match and returns them. */
  removeIf(isMatch: (read: PendingRead) => boolean): PendingRead[] {
    const [removed, left] = partition(this.#waiting, isMatch);
    this.#waiting = left;
    return removed;
  }
}
