import { HOSPITAL, type DoctorId } from '../engine/index.ts';
import { UnknownCursorError } from '../store/index.ts';
import type { Query } from './caller.ts';
import type { EventLog, PublicEvent } from './events.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';

/** Pages of the record that one request reads. Its answer may have fewer events than its limit, or none. */
const PAGES_MAX = 10;

export interface ChangesQuery extends Query {
  /** The cursor behind which the events are; null for now, so that there are none yet. */
  readonly after: string | null;
  /** How many events at most, 1 or more. */
  readonly limit: number;
  /** Whether an event is asked for and may be seen. */
  readonly isWanted: (event: PublicEvent) => boolean;
}

export interface ChangesPage {
  readonly events: readonly PublicEvent[];
  /** Where the next page begins. */
  readonly cursor: string;
  /** Whether there are more events behind the cursor already. */
  readonly hasMore: boolean;
}

/** The events of the record, for those who ask again and again. */
export class Changes {
  readonly #log: EventLog;
  readonly #lifecycle: Lifecycle;

  constructor(log: EventLog, lifecycle: Lifecycle) {
    this.#log = log;
    this.#lifecycle = lifecycle;
  }

  /** Reads a page. Its work is bounded, however few of the events are wanted. */
  page({ after, limit, isWanted, ended }: ChangesQuery): Promise<Result<ChangesPage>> {
    return this.#lifecycle.read<ChangesPage>(async () => {
      if (after === null) {
        const cursor = await this.#log.end();
        return { ok: true, value: { events: [], cursor, hasMore: false } };
      }
      const events: PublicEvent[] = [];
      let cursor = after;
      let isEnd = false;
      try {
        for (let page = 0; page < PAGES_MAX && !isEnd && events.length < limit; page += 1) {
          ended().throwIfAborted();
          // No more are read than fit, so that the cursor of the page is that of the last event read.
          const read = await this.#log.since(cursor, limit - events.length);
          events.push(...read.events.filter(isWanted));
          ({ cursor, isEnd } = read);
        }
      } catch (error) {
        if (error instanceof UnknownCursorError) return refused({ code: 'unknown_cursor' });
        throw error;
      }
      return { ok: true, value: { events, cursor, hasMore: !isEnd } };
    });
  }
}

/** Whether an event is of one of these doctors, or of the hospital, which concerns all of them; null means all doctors. */
export const isOfDoctors = (
  { doctorId }: PublicEvent,
  doctorIds: ReadonlySet<DoctorId> | null,
): boolean => doctorIds === null || doctorId === HOSPITAL || doctorIds.has(doctorId);
