/** The end of the log, and the transactions that were writing to it when the end was read. */
export interface LogEnd {
  /** The position of the newest change that is visible; 0 when there is none. */
  readonly position: number;
  /** The virtual ids of the transactions that hold the lock of a writer on the table `changes`, read after the position. */
  readonly writers: ReadonlySet<string>;
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
 * The proof: a transaction that inserts into `changes` locks the table before it draws a position, and holds the lock until
 * its commit is visible or it is rolled back. When the change at position P is visible in a snapshot, all lower positions
 * were drawn before that snapshot. Each of their transactions has ended, or is among the `writers` that are read after the
 * snapshot. When none of these writers is there later, all these transactions have ended, and everything up to P is final.
 * Transactions of other databases, and those that write no change, do not matter. A virtual id is not used twice while the
 * server runs. Nothing of the proof is stored, so a restored database needs no care: its positions are its own.
 *
 * The order of the positions contains the order of every doctor's versions, because both are drawn under the lock of the
 * doctor's row. The order of transaction ids would not: a transaction may get its id before it waits for a doctor's lock.
 */
export class Finality {
  #position = 0;
  #serverStart = 0;
  #unproved: readonly LogEnd[] = [];

  /** No change up to this position can still be committed. 0 as long as there is no proof. */
  get position(): number {
    return this.#position;
  }

  /** Draws the conclusions of one more end. Ends are observed in the order in which they were read. */
  observe(end: LogEnd): void {
    // What was proved on another server does not hold here, because a fail-over may have lost commits. The position does not
    // always tell, because new changes may have passed the old ones.
    if (end.position < this.#position || end.serverStart !== this.#serverStart) {
      this.#position = 0;
      this.#unproved = [];
    }
    this.#serverStart = end.serverStart;
    const isProved = ({ writers }: LogEnd): boolean => writers.isDisjointFrom(end.writers);
    for (const each of [...this.#unproved, end])
      if (isProved(each)) this.#position = Math.max(this.#position, each.position);
    const left = this.#unproved.filter((each) => !isProved(each));
    this.#unproved = isProved(end) ? left : [...left.slice(0, UNPROVED_MAX - 1), end];
  }
}
