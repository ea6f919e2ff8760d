import type { Archive, RecordEntry, RecordFilter } from '../store/index.ts';
import type { Query } from './caller.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Result } from './refusal.ts';

/** Steps of one read. A page may have fewer entries than its limit, and the next page goes on behind them. */
const STEPS_MAX = 10;

export interface AuditQuery extends Query {
  readonly filter: RecordFilter;
  /** The position before which the page begins; null for the end of the record. */
  readonly before: number | null;
  /** How many entries at most, 1 or more. */
  readonly limit: number;
}

/** A page of the record, the latest change first. */
export interface AuditPage {
  readonly entries: readonly RecordEntry[];
  /** Where the next page begins; null when there are no more entries. */
  readonly before: number | null;
}

/** Who did what, when and why: the record of all changes, from the latest back. */
export class AuditTrail {
  readonly #archive: Archive;
  readonly #lifecycle: Lifecycle;

  constructor({ archive, lifecycle }: { archive: Archive; lifecycle: Lifecycle }) {
    this.#archive = archive;
    this.#lifecycle = lifecycle;
  }

  /** Reads a page. Each step of it is bounded, so that other requests need not wait for a search of years. */
  page({ filter, before: start, limit, ended }: AuditQuery): Promise<Result<AuditPage>> {
    return this.#lifecycle.read<AuditPage>(async () => {
      const entries: RecordEntry[] = [];
      let before = start;
      for (let step = 0; step < STEPS_MAX; step += 1) {
        ended().throwIfAborted();
        const part = await this.#archive.record(filter, before, limit - entries.length);
        entries.push(...part.entries);
        before = part.before;
        if (before === null || entries.length === limit) break;
      }
      return { ok: true, value: { entries, before } };
    });
  }
}
