import { setTimeout as delay } from 'node:timers/promises';
import type { DoctorId } from '../../engine/index.ts';
import type { ChangeLog, ChangePage } from '../change-log.ts';
import { placedChangeOf, type ChangeRow } from '../change-rows.ts';
import {
  BEGINNING,
  countFor,
  cursorOf,
  pageBehind,
  positionOf,
  type PlacedChange,
} from '../cursor.ts';
import { NotDurableError } from '../store.ts';
import type { CommitFeed } from './commit-feed.ts';
import { Finality, type LogEnd } from './finality.ts';
import type { Row, Run } from './session.ts';

/** Milliseconds between two tries to prove that the end of the log is final: most transactions end within that. */
const PROOF_PAUSE_MS = 10;
/** Milliseconds for which a reader waits for that proof. */
const PROOF_PATIENCE_MS = 250;

/** The table `changes` in the order of its positions, up to where it is final. See `Finality`. */
export class PostgresChangeLog implements ChangeLog {
  readonly beginning = BEGINNING;
  readonly #run: Run;
  readonly #feed: CommitFeed;
  readonly #finality = new Finality();
  /** The latest observation: one begins after the other, because their order matters. */
  #observed: Promise<unknown> = Promise.resolve();

  /** @param run retries what is lost with a connection */
  constructor(run: Run, feed: CommitFeed) {
    this.#run = run;
    this.#feed = feed;
  }

  /** @throws NotDurableError also when a transaction of the server runs so long that no end can be told */
  async end(): Promise<string> {
    const { position } = await this.#observe();
    if (!(await this.#isFinalAt(position)) && this.#finality.position === 0)
      throw new NotDurableError('The end of the log cannot be told: another transaction runs.');
    const rows = await this.#run('changeUpTo', this.#finality.position);
    return cursorOf(rows.map(placedOf)[0]);
  }

  async since(
    cursor: string,
    limit: number,
    doctorIds?: ReadonlySet<DoctorId>,
  ): Promise<ChangePage> {
    const from = positionOf(cursor);
    const { position } = await this.#observe();
    if (position > from) await this.#isFinalAt(from + 1);
    // The cursor's own change is final, whether that has been proved here or by another process.
    const to = Math.max(this.#finality.position, from);
    const rows = await this.#run('changesFrom', from, to, countFor(limit));
    return pageBehind(cursor, rows.map(placedOf), limit, doctorIds);
  }

  onCommit(listener: () => unknown): () => void {
    return this.#feed.subscribe(listener);
  }

  /** Waits, but not for long, until the log is final up to this position. */
  async #isFinalAt(position: number): Promise<boolean> {
    const until = performance.now() + PROOF_PATIENCE_MS;
    while (this.#finality.position < position) {
      if (performance.now() > until) return false;
      await delay(PROOF_PAUSE_MS);
      await this.#observe();
    }
    return true;
  }

  #observe(): Promise<LogEnd> {
    const observed = this.#observed.then(async () => {
      const [row] = await this.#run('logEnd');
      const end = logEndOf(row);
      this.#finality.observe(end);
      return end;
    });
    this.#observed = observed.catch(() => undefined);
    return observed;
  }
}

const placedOf = (row: Row): PlacedChange => placedChangeOf(row as unknown as ChangeRow);

const logEndOf = (row: Row | undefined): LogEnd => ({
  position: row?.['position'] as number,
  oldestRunning: row?.['oldest_running'] as number,
  nextToStart: row?.['next_to_start'] as number,
  serverStart: row?.['server_start'] as number,
});
