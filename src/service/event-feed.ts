import { setTimeout as delay } from 'node:timers/promises';
import { BackgroundTask, type BackgroundRun } from '../background/index.ts';
import type { DoctorId } from '../engine/index.ts';
import { UnknownCursorError } from '../store/index.ts';
import { isOfDoctors } from './changes.ts';
import type { EventLog, EventPage, PublicEvent } from './events.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';

/** Events that are read at once: a millisecond or two of work. */
const PAGE_EVENTS = 250;
/** Subscribers that get a page of old events between two reads of the newest events. */
const OLD_PAGES_PER_STEP = 8;
/** Milliseconds between two reads when no hint comes, and the longest time for which a revoked key still gets events. */
const PERIOD_MS = 400;
/** Milliseconds from one read of the newest events to the next, at least. */
const GAP_MIN_MS = 20;
/** The same in the times that the last delivery took, so that subscribers take a twentieth of the process at most. */
const GAP_PER_DELIVERY = 20;
/** The same at most. */
const GAP_MAX_MS = 1_000;
/** Milliseconds from one heartbeat to the next. */
const HEARTBEAT_MS = 15_000;

/** The receiver of events. It must not throw. */
export interface Subscriber {
  /** The doctors whose events it gets; null for all. It always gets the events of the hospital, which concern all doctors. */
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  /** Whether the caller may still read events. */
  readonly isAllowed: boolean;
  /** Whether it can take a page of old events now: it has passed on most of those before. */
  readonly isReady: boolean;
  /** It is subscribed: its events are those behind this cursor. */
  begin(cursor: string): void;
  /** Takes the next events. Subscribers with the same doctors get the same list. */
  take(events: readonly PublicEvent[]): void;
  /** A heartbeat: it has all its events up to this cursor. */
  rest(cursor: string): void;
  /** Its cursor is unknown, so that it may have missed events. The next events are those behind this cursor. */
  reset(cursor: string): void;
  /** No more events come. */
  end(): void;
}

/** Where a subscriber is in the log. */
interface Place {
  /** The subscriber has all events up to this cursor; null when it gets the newest events. */
  old: string | null;
  /** The event up to which the newest events are left out, because the subscriber has them; null for none. */
  skipUntil: string | null;
}

/** Events in their order, also those of some doctors. */
class Batch {
  readonly events: readonly PublicEvent[];
  readonly #ofDoctor = new Map<DoctorId, readonly PublicEvent[]>();

  constructor(events: readonly PublicEvent[]) {
    this.events = events;
  }

  /** The events of these doctors and of the hospital. For one doctor it is the same list at each call. */
  of(doctorIds: ReadonlySet<DoctorId> | null): readonly PublicEvent[] {
    if (doctorIds === null) return this.events;
    const [only] = doctorIds;
    if (doctorIds.size > 1 || only === undefined) return this.#filtered(doctorIds);
    const known = this.#ofDoctor.get(only) ?? this.#filtered(doctorIds);
    this.#ofDoctor.set(only, known);
    return known;
  }

  #filtered(doctorIds: ReadonlySet<DoctorId>): readonly PublicEvent[] {
    return this.events.filter((event) => isOfDoctors(event, doctorIds));
  }
}

interface FeedDeps {
  readonly log: EventLog;
  readonly lifecycle: Lifecycle;
  /** Called after each run, for logs and telemetry. It must not throw. */
  readonly onRun?: (run: BackgroundRun) => void;
}

/**
 * Hands the events of the record to subscribers: each event once and in the order of the record.
 *
 * One loop reads for all subscribers. Each step reads the newest events once for everybody, then a page of old events for
 * some of the subscribers that resumed from an old cursor. Because all reads are in one loop, a subscriber that has read
 * up to the place of the newest events joins them without a gap. Nothing is read while there is no subscriber.
 */
export class EventFeed {
  readonly #log: EventLog;
  readonly #lifecycle: Lifecycle;
  readonly #task: BackgroundTask;
  readonly #places = new Map<Subscriber, Place>();
  /** The newest events are read up to here; null while there is no subscriber. */
  #cursor: string | null = null;
  /** The first read of the end of the log, while it is under way. */
  #opening: Promise<string> | null = null;
  #unsubscribeHints: (() => void) | null = null;
  #isDue = false;
  #isStopped = false;
  #readMs = 0;
  #beatMs = 0;
  #deliveryMs = 0;

  constructor({ log, lifecycle, onRun }: FeedDeps) {
    this.#log = log;
    this.#lifecycle = lifecycle;
    this.#task = new BackgroundTask({
      ...{ name: 'event-feed', periodMs: PERIOD_MS, retryMs: PERIOD_MS },
      work: () => this.#work(),
      ...(onRun === undefined ? {} : { onRun }),
    });
  }

  /** Subscribers now. */
  get subscriberCount(): number {
    return this.#places.size;
  }

  /**
   * Adds a subscriber. It gets every event that becomes durable after this call.
   * @param after the cursor behind which it gets the events before that too; null for none
   * @returns why it cannot be added, if it cannot
   */
  async subscribe(subscriber: Subscriber, after: string | null): Promise<Result<null>> {
    return this.#lifecycle.read(async () => {
      for (;;) {
        if (this.#isStopped) return refused({ code: 'stopping' });
        const cursor = this.#cursor ?? (await this.#open());
        // The last subscriber may have left while the end was read.
        if (cursor !== this.#cursor) continue;
        this.#places.set(subscriber, { old: after, skipUntil: null });
        subscriber.begin(after ?? cursor);
        if (after !== null) this.#wake();
        return { ok: true, value: null };
      }
    });
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#places.delete(subscriber);
    if (this.#places.size > 0) return;
    this.#cursor = null;
    this.#unsubscribeHints?.();
    this.#unsubscribeHints = null;
    void this.#task.stop();
  }

  /** Ends all subscriptions, and lets no subscriber in any more. */
  stop(): void {
    this.#isStopped = true;
    for (const subscriber of [...this.#places.keys()]) this.#end(subscriber);
  }

  /** Begins to read from the end of the log on. */
  #open(): Promise<string> {
    this.#opening ??= this.#log
      .end()
      .then((cursor) => {
        this.#cursor = cursor;
        this.#unsubscribeHints ??= this.#log.onCommit(() => this.#wake());
        this.#task.start();
        return cursor;
      })
      .finally(() => (this.#opening = null));
    return this.#opening;
  }

  #wake(): void {
    this.#isDue = true;
    void this.#task.run();
  }

  async #work(): Promise<void> {
    this.#endForbidden();
    for (;;) {
      await this.#pause();
      this.#isDue = false;
      if (this.#cursor === null) return;
      const hasMore = await this.#readNewest(this.#cursor);
      this.#beat();
      const hasOld = await this.#readOld();
      if (!hasMore && !hasOld && !this.#wasHinted()) return;
    }
  }

  /** Tells subscribers without events from time to time how far they are: they may resume from there. */
  #beat(): void {
    if (this.#cursor === null || performance.now() - this.#beatMs < HEARTBEAT_MS) return;
    this.#beatMs = performance.now();
    for (const [subscriber, { old, skipUntil }] of this.#places)
      if (old === null && skipUntil === null) subscriber.rest(this.#cursor);
  }

  /** Whether there was a hint since the last read began; a method, because a hint comes while the loop waits. */
  #wasHinted(): boolean {
    return this.#isDue;
  }

  #endForbidden(): void {
    for (const subscriber of this.#places.keys()) if (!subscriber.isAllowed) this.#end(subscriber);
  }

  #end(subscriber: Subscriber): void {
    this.unsubscribe(subscriber);
    subscriber.end();
  }

  /** Waits until the newest events may be read again: events of that time share a read, and a write to each subscriber. */
  async #pause(): Promise<void> {
    const gapMs = Math.min(Math.max(GAP_MIN_MS, GAP_PER_DELIVERY * this.#deliveryMs), GAP_MAX_MS);
    const waitMs = this.#readMs + gapMs - performance.now();
    if (waitMs > 0) await delay(waitMs);
    this.#readMs = performance.now();
  }

  /** Reads a page of the newest events for all who have those before. */
  async #readNewest(from: string): Promise<boolean> {
    const page = await this.#pageBehind(from);
    const cursor = page?.cursor ?? (await this.#log.end());
    // All subscribers have left meanwhile, and perhaps new ones have come.
    if (this.#cursor !== from) return false;
    this.#cursor = cursor;
    const startedMs = performance.now();
    const batch = new Batch(page?.events ?? []);
    for (const [subscriber, place] of this.#places) {
      if (place.old !== null) continue;
      if (page === null) subscriber.reset(cursor);
      else deliver(subscriber, place, batch);
    }
    this.#deliveryMs = performance.now() - startedMs;
    return page !== null && !page.isEnd;
  }

  /** Reads a page for some of those who are behind. Returns whether there are more who could take a page now. */
  async #readOld(): Promise<boolean> {
    const old = [...this.#places].filter(
      ([subscriber, { old: cursor }]) => cursor !== null && subscriber.isReady,
    );
    const pages = new Map<string, EventPage | null>();
    for (const [subscriber, place] of old.slice(0, OLD_PAGES_PER_STEP)) {
      const from = place.old;
      if (from === null) continue;
      const page = pages.get(from) ?? (await this.#pageBehind(from));
      pages.set(from, page);
      const newest = this.#cursor;
      if (newest === null || !this.#places.has(subscriber)) continue;
      if (page === null) {
        place.old = null;
        subscriber.reset(newest);
      } else advance(subscriber, place, page, newest);
      // The next step serves the others first.
      if (this.#places.delete(subscriber)) this.#places.set(subscriber, place);
    }
    return [...this.#places].some(
      ([subscriber, { old: cursor }]) => cursor !== null && subscriber.isReady,
    );
  }

  /** The page behind a cursor; null when the cursor is unknown. */
  async #pageBehind(cursor: string): Promise<EventPage | null> {
    try {
      return await this.#log.since(cursor, PAGE_EVENTS);
    } catch (error) {
      if (error instanceof UnknownCursorError) return null;
      throw error;
    }
  }
}

/** Hands the newest events on, without those that the subscriber has read already. */
function deliver(subscriber: Subscriber, place: Place, batch: Batch): void {
  if (place.skipUntil === null) {
    take(subscriber, batch.of(subscriber.doctorIds));
    return;
  }
  const index = batch.events.findIndex(({ id }) => id === place.skipUntil);
  if (index === -1) return;
  place.skipUntil = null;
  take(subscriber, new Batch(batch.events.slice(index + 1)).of(subscriber.doctorIds));
}

/**
 * Hands a page of old events on. A subscriber that comes to the place of the newest events joins them there. One that
 * comes to the end of the log without meeting that place is ahead of it, because its cursor is from another process or
 * events have been committed meanwhile: it joins, and leaves out the newest events up to its own place.
 */
function advance(subscriber: Subscriber, place: Place, page: EventPage, newest: string): void {
  const joins = place.old === newest ? 0 : page.events.findIndex(({ id }) => id === newest) + 1;
  const isThere = joins > 0 || place.old === newest;
  const events = isThere ? page.events.slice(0, joins) : page.events;
  if (!isThere && page.isEnd) place.skipUntil = page.cursor;
  place.old = isThere || page.isEnd ? null : page.cursor;
  take(subscriber, new Batch(events).of(subscriber.doctorIds));
}

function take(subscriber: Subscriber, events: readonly PublicEvent[]): void {
  if (events.length > 0) subscriber.take(events);
}
