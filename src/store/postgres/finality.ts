/** The end of the log and the transactions of the server, as one snapshot has them. */
export interface LogEnd {
  /** The position of the newest change that is visible; 0 when there is none. */
  readonly position: number;
  /** All transactions with lower ids have ended. */
  readonly oldestRunning: number;
  /** All transactions that had an id when the snapshot was taken have lower ones. */
  readonly nextToStart: number;
  /** When the server started, in microseconds since 1970: another value means another server, or a restarted one. */
  readonly serverStart: number;
}

/** Ends that are not proved yet. More are not needed, because the newest one covers all before it. */
const UNPROVED_MAX = 16;

/**
 * Tells up to which position the log is final: no change can still be committed there.
 *
 * A transaction draws the positions of its changes when it inserts them, and commits later. So a change may be visible
 * while a change with a lower position is not yet committed, and a reader that went on behind the higher position would
 * skip the lower one.
 *
 * The proof: when the change at position P is visible in a snapshot, all lower positions were drawn before that snapshot,
 * by transactions that had an id by then, because they had locked or written the doctor's row first. These ids are below
 * `nextToStart`. When a later snapshot has `oldestRunning` at `nextToStart` or above, all these transactions have ended,
 * and everything up to P is final. Nothing of the proof is stored, so a restored database needs no care: its positions are
 * its own.
 *
 * The order of the positions contains the order of every doctor's versions, because both are drawn under the lock of the
 * doctor's row. The order of transaction ids would not: a transaction may get its id before it waits for a doctor's lock.
 */
export class Finality {
  #position = 0;
  #nextToStart = 0;
  #serverStart = 0;
  #unproved: readonly LogEnd[] = [];

  /** No change up to this position can still be committed. 0 as long as there is no proof. */
  get position(): number {
    return this.#position;
  }

  /** Draws the conclusions of one more snapshot. Snapshots are observed in the order in which they were taken. */
  observe(end: LogEnd): void {
    const isBehind = end.position < this.#position || end.nextToStart < this.#nextToStart;
    // What was proved on another server does not hold here, because a fail-over may have lost commits. The counters do
    // not always tell, because new transactions may have passed the old ones.
    if (isBehind || end.serverStart !== this.#serverStart) {
      this.#position = 0;
      this.#unproved = [];
    }
    this.#nextToStart = end.nextToStart;
    this.#serverStart = end.serverStart;
    const isProved = ({ nextToStart }: LogEnd): boolean => nextToStart <= end.oldestRunning;
    for (const each of [...this.#unproved, end])
      if (isProved(each)) this.#position = Math.max(this.#position, each.position);
    const left = this.#unproved.filter((each) => !isProved(each));
    this.#unproved = isProved(end) ? left : [...left.slice(0, UNPROVED_MAX - 1), end];
  }
}
