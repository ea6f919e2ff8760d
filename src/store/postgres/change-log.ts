import { setTimeout as delay } from 'node:timers/promises';
import type { DoctorId, EpochMs } from '../../engine/index.ts';
import type { ChangeLog, ChangePage, FactChange, Subjects } from '../change-log.ts';
import { placedChangeOf, type ChangeRow } from '../change-rows.ts';
import {
  BEGINNING,
  countFor,
  cursorAt,
  cursorBefore,
  cursorOf,
  pageBehind,
  positionOf,
  type PlacedChange,
} from '../cursor.ts';
import { NotDurableError } from '../store.ts';
import type { CommitFeed } from './commit-feed.ts';
import { Finality, type LogEnd } from './finality.ts';
import type { Row, Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** Milliseconds between two observations of the log's end; most transactions end within that time. */
const OBSERVATION_PAUSE_MS = 10;
/** Milliseconds for which `since` waits for more changes to become final before it returns the final ones. */
const PAGE_WAIT_MS = 250;
/** Milliseconds for which `end` waits for a first proof. Without a proof it has no answer, so it waits longer. */
const END_WAIT_MS = 5_000;

/** The table `changes` in the order of its positions, up to where it is final. See `Finality`. */
export class PostgresChangeLog implements ChangeLog {
  readonly beginning = BEGINNING;
  readonly #run: Run;
  readonly #feed: CommitFeed;
  readonly #finality = new Finality();
  /** The latest observation. Each one begins when the one before has ended, because their order matters. */
  #observed: Promise<unknown> = Promise.resolve();

  /** @param run retries statements whose connection was lost */
  constructor(run: Run, feed: CommitFeed) {
    this.#run = run;
    this.#feed = feed;
  }

  /** @throws NotDurableError also when another transaction writes changes for so long that no end can be proved */
  async end(): Promise<string> {
    const { position } = await this.#observe();
    const isProved =
      (await this.#isFinalAt(position, PAGE_WAIT_MS)) ||
      this.#finality.position > 0 ||
      (await this.#isFinalAt(1, END_WAIT_MS));
    if (!isProved)
      throw new NotDurableError(
        'The end of the change log is not known, because another transaction that writes changes is still running.',
      );
    return cursorOf(await this.#changeUpTo(this.#finality.position));
  }

  async since(
    cursor: string,
    limit: number,
    doctorIds?: ReadonlySet<DoctorId>,
  ): Promise<ChangePage> {
    const from = positionOf(cursor);
    const { position } = await this.#observe();
    if (position > from) await this.#isFinalAt(from + 1, PAGE_WAIT_MS);
    // The cursor's own change is final, whether that has been proved here or by another process.
    const to = Math.max(this.#finality.position, from);
    const rows = await this.#run('changesFrom', from, to, countFor(limit));
    return pageBehind(cursor, rows.map(placedOf), limit, doctorIds);
  }

  async factsAt(cursor: string, { tokenIds, slotIds }: Subjects): Promise<readonly FactChange[]> {
    const ids = [arrayOf(tokenIds), arrayOf(slotIds)];
    return (await this.#run('factChanges', ...ids, positionOf(cursor))).map(placedOf);
  }

  before(cursor: string): Promise<string> {
    return cursorBefore(cursor, (position) => this.#changeUpTo(position));
  }

  async at(instant: EpochMs): Promise<string> {
    const end = positionOf(await this.end());
    return cursorAt(instant, end, (position) => this.#changeUpTo(position));
  }

  async #changeUpTo(position: number): Promise<PlacedChange | undefined> {
    return (await this.#run('changeUpTo', position)).map(placedOf)[0];
  }

  onCommit(listener: () => unknown): () => void {
    return this.#feed.subscribe(listener);
  }

  /** Waits until the log is final up to this position; false when that takes longer than `waitMs` milliseconds. */
  async #isFinalAt(position: number, waitMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + waitMs;
    while (this.#finality.position < position) {
      if (performance.now() > deadlineMs) return false;
      await delay(OBSERVATION_PAUSE_MS);
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
  writers: new Set((row?.['writers'] as string).split(' ').filter(Boolean)),
  serverStart: row?.['server_start'] as number,
});
