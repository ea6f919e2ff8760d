import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { afterWrites, BackgroundTask, threadMs, type BackgroundRun } from '../background/index.ts';
import type { DoctorId } from '../engine/index.ts';
import { UnknownCursorError } from '../store/index.ts';
import { DoctorFilter, EventBatch, type SharedEvents } from './event-batch.ts';
import type { EventLog, EventPage, PublicEvent } from './events.ts';
import { FeedPace, type PacedWork } from './feed-pace.ts';
import type { Lifecycle } from './lifecycle.ts';
import { refused, type Result } from './refusal.ts';

/** Events that are read at once: a millisecond or two of work. */
const PAGE_EVENTS = 250;
/** Events of one delivery at most. The others follow in the next. */
const DELIVERY_EVENTS_MAX = 10_000;
/** Subscribers that get their events in one turn of the event loop: about a millisecond of work. */
const TURN_SUBSCRIBERS = 100;
/** Subscribers that get a page of old events between two reads of the newest events. */
const OLD_PAGES_PER_STEP = 8;
/** Milliseconds between two reads when no hint comes, and the longest time for which a revoked key still gets events. */
const PERIOD_MS = 400;
/** In a busy process others get thirty times as much processor time as deliveries. */
const OTHERS_PER_DELIVERY = 30;
/** In a busy process others get ten times as much processor time as reads of old events. */
const OTHERS_PER_OLD = 10;
/** Milliseconds from one heartbeat to the next. */
const HEARTBEAT_MS = 15_000;

/** The receiver of events. It must not throw. */
export interface Subscriber {
  /** The doctors whose events it gets; null for all. It always gets the events of the hospital, which concern all doctors. */
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  /** Whether the caller may still read events. */
  readonly isAllowed: boolean;
  /** Whether it can take a page of old events now. If it cannot, `EventFeed.ready` is called later. */
  readonly isReady: boolean;
  /** It is subscribed: its events are those behind this cursor. */
  begin(cursor: string): void;
  /** Takes the next events. Subscribers with the same doctors get the same object. */
  take(events: SharedEvents): void;
  /** A heartbeat: it has all its events up to this cursor. */
  rest(cursor: string): void;
  /** Its cursor is unknown, so that it may have missed events. The next events are those behind this cursor. */
  reset(cursor: string): void;
  /** No more events come. */
  end(): void;
}

/** Where a subscriber is in the log. */
interface Place {
  readonly filter: DoctorFilter;
  /** The subscriber has all events up to this cursor; null when it gets the newest events. */
  old: string | null;
  /** The event up to which the newest events are left out, because the subscriber has them; null for none. */
  skipUntil: string | null;
}

/** The newest events behind a cursor. */
interface Newest {
  /** Null when the cursor is unknown. */
  readonly batch: EventBatch | null;
  readonly cursor: string;
  readonly isEnd: boolean;
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
 * One loop reads for all subscribers. Each step reads the newest events once for everybody, or a page of old events for
 * some of the subscribers that resumed from an old cursor. Because all reads are in one loop, a subscriber that has read
 * up to the place of the newest events joins them without a gap. Nothing is read while there is no subscriber.
 *
 * A write to a connection costs as much as the tenth part of a booking, however few bytes it has. So the events of a pause
 * share one write for each subscriber, and `FeedPace` chooses the pause by the processor time of the deliveries.
 */
export class EventFeed {
  readonly #log: EventLog;
  readonly #lifecycle: Lifecycle;
  readonly #task: BackgroundTask;
  readonly #places = new Map<Subscriber, Place>();
  readonly #newestPace = new FeedPace(OTHERS_PER_DELIVERY);
  readonly #oldPace = new FeedPace(OTHERS_PER_OLD);
  /** The newest events are read up to here; null while there is no subscriber. */
  #cursor: string | null = null;
  /** The first read of the end of the log, while it is under way. */
  #opening: Promise<string> | null = null;
  #unsubscribeHints: (() => void) | null = null;
  /** Whether there may be events that were not read. */
  #isDue = false;
  #isStopped = false;
  #checkMs = 0;
  #beatMs = 0;

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
        const filter = new DoctorFilter(subscriber.doctorIds);
        this.#places.set(subscriber, { filter, old: after, skipUntil: null });
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

  /** A subscriber that was not ready for a page of old events is ready now. */
  ready(subscriber: Subscriber): void {
    if (typeof this.#places.get(subscriber)?.old === 'string') void this.#task.run();
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
    // A hint may have been lost.
    this.#isDue = true;
    for (;;) {
      this.#endForbidden();
      const old = [...this.#places].filter(isOldAndReady);
      if (this.#cursor === null || !(this.#hasNewest() || old.length > 0)) return;
      const newestMs = this.#hasNewest() ? this.#newestPace.waitMs : Infinity;
      const waitMs = Math.min(newestMs, old.length > 0 ? this.#oldPace.waitMs : Infinity);
      if (waitMs > 0) await delay(waitMs);
      else if (newestMs === 0) await this.#handNewest(this.#cursor);
      else await this.#handOld(old.slice(0, OLD_PAGES_PER_STEP));
      await this.#beat();
    }
  }

  /** Whether there may be events that were not read; a method, because a hint comes while the loop waits. */
  #hasNewest(): boolean {
    return this.#isDue;
  }

  /** Tells subscribers without events from time to time how far they are: they may resume from there. */
  async #beat(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === null || performance.now() - this.#beatMs < HEARTBEAT_MS) return;
    this.#beatMs = performance.now();
    const isCurrent = ({ old, skipUntil }: Place): boolean => old === null && skipUntil === null;
    await this.#forEach(isCurrent, (subscriber) => subscriber.rest(cursor));
  }

  /** Ends the subscriptions of those who may not read events any more. It checks them once in a period. */
  #endForbidden(): void {
    if (performance.now() - this.#checkMs < PERIOD_MS) return;
    this.#checkMs = performance.now();
    for (const subscriber of this.#places.keys()) if (!subscriber.isAllowed) this.#end(subscriber);
  }

  #end(subscriber: Subscriber): void {
    this.unsubscribe(subscriber);
    subscriber.end();
  }

  /** Reads the newest events, and hands them to all who have those before. */
  async #handNewest(from: string): Promise<void> {
    this.#isDue = false;
    const { batch, cursor, isEnd } = await this.#readNewest(from);
    // All subscribers have left meanwhile, and perhaps new ones have come.
    if (this.#cursor !== from) return;
    this.#cursor = cursor;
    this.#isDue ||= !isEnd;
    const work = await this.#forEach(
      (place) => place.old === null && (batch === null || concerns(place, batch)),
      (subscriber, place) => {
        if (batch !== null) deliver(subscriber, place, batch);
        else {
          place.skipUntil = null;
          subscriber.reset(cursor);
        }
      },
    );
    this.#newestPace.worked({ ...work, items: batch?.events.length ?? 0 });
  }

  async #readNewest(from: string): Promise<Newest> {
    const events: PublicEvent[] = [];
    let cursor = from;
    for (;;) {
      const page = await this.#pageBehind(cursor);
      if (page === null) return { batch: null, cursor: await this.#log.end(), isEnd: false };
      events.push(...page.events);
      ({ cursor } = page);
      if (page.isEnd || events.length >= DELIVERY_EVENTS_MAX)
        return { batch: new EventBatch(events), cursor, isEnd: page.isEnd };
      await nextTurn();
    }
  }

  /**
   * Calls `hand` for the subscribers that are wanted now, some in each turn of the event loop.
   * @returns the processor time that it took
   */
  async #forEach(
    isWanted: (place: Place) => boolean,
    hand: (subscriber: Subscriber, place: Place) => void,
  ): Promise<Omit<PacedWork, 'items'>> {
    const wanted = [...this.#places].filter(([, place]) => isWanted(place));
    let costMs = 0;
    for (let first = 0; first < wanted.length; first += TURN_SUBSCRIBERS) {
      if (first > 0) await nextTurn();
      const before = threadMs();
      for (const [subscriber, place] of wanted.slice(first, first + TURN_SUBSCRIBERS))
        if (this.#places.get(subscriber) === place) hand(subscriber, place);
      await afterWrites();
      costMs += threadMs() - before;
    }
    return { costMs, receivers: wanted.length };
  }

  /** Reads a page for some of those who are behind. */
  async #handOld(old: readonly (readonly [Subscriber, Place])[]): Promise<void> {
    const before = threadMs();
    const pages = new Map<string, EventPage | null>();
    for (const [subscriber, place] of old) {
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
    await afterWrites();
    this.#oldPace.worked({ costMs: threadMs() - before, receivers: old.length, items: 0 });
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

const isOldAndReady = ([subscriber, { old }]: [Subscriber, Place]): boolean =>
  old !== null && subscriber.isReady;

/** Whether a batch has something for a subscriber. */
const concerns = ({ filter, skipUntil }: Place, batch: EventBatch): boolean =>
  skipUntil !== null || batch.of(filter).events.length > 0;

/** Hands the newest events on, without those that the subscriber has read already. */
function deliver(subscriber: Subscriber, place: Place, batch: EventBatch): void {
  if (place.skipUntil === null) {
    take(subscriber, batch.of(place.filter));
    return;
  }
  const index = batch.events.findIndex(({ id }) => id === place.skipUntil);
  if (index === -1) return;
  place.skipUntil = null;
  take(subscriber, new EventBatch(batch.events.slice(index + 1)).of(place.filter));
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
  take(subscriber, new EventBatch(events).of(place.filter));
}

function take(subscriber: Subscriber, list: SharedEvents): void {
  if (list.events.length > 0) subscriber.take(list);
}
