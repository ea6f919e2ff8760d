import { setTimeout as delay } from 'node:timers/promises';
import { epochMs, type DoctorId, type EpochMs } from '../engine/index.ts';
import {
  UnknownCursorError,
  type StoredDelivery,
  type StoredLag,
  type StoredWebhook,
} from '../store/index.ts';
import { pauseAfter } from './back-off.ts';
import { deliveryAfter, isDelivered, type Outcome } from './delivery.ts';
import type { Behind, Lane } from './lane.ts';
import type { Message, Messages } from './messages.ts';
import { Progress, type ProgressDeps } from './progress.ts';
import type { ChangeOf } from './registry.ts';
import type { SentAnswer } from './sender.ts';

/** Deliveries of one webhook that are under way at the same time, each of another doctor. */
export const PARALLEL_MAX = 4;
/** Deliveries of doctors that lag behind, beside the others: they cannot take the places of the others. */
export const RETRIES_MAX = 2;
/** Doctors of one webhook that may lag behind. When there are as many, the webhook as a whole waits for them. */
const BEHIND_MAX = 16;
/** Messages that are read ahead. */
const WINDOW_MAX = 250;
const PAGE_ITEMS = 100;
/** Deliveries that may wait to be stored. When the database does not store them, no more are sent. */
const UNSAVED_MAX = 500;
/** Milliseconds until a read that has failed is repeated. */
const READ_RETRY_MS = 1_000;
/** Milliseconds that deliveries under way get when the worker stops. */
const STOP_MS = 2_000;
const GONE = 410;

export interface WorkerDeps extends Pick<ProgressDeps, 'processId' | 'store'> {
  readonly messages: Pick<Messages, 'since' | 'ofDoctor' | 'end'>;
  readonly post: (
    webhook: StoredWebhook,
    message: Message,
    signal: AbortSignal,
  ) => Promise<SentAnswer>;
  readonly clock: () => EpochMs;
  readonly changeOf: ChangeOf;
  /** Between 0 and 1. */
  readonly random: () => number;
  /** Milliseconds after each failed try. */
  readonly pausesMs: readonly number[];
  readonly onDelivery: (delivery: StoredDelivery) => void;
  /** The webhook was disabled, or it belongs to another process now: the worker has ended itself. */
  readonly onEnd: () => void;
  /** Reading or storing has failed. It is retried. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Delivers the events of one webhook from the record, those of each doctor in their order.
 *
 * The record is read ahead. Each doctor has a lane, and the first message of a lane is under way while those of other
 * lanes are. When a delivery fails, its doctor falls *behind*: the lane is dropped, and the doctor's messages are read from
 * the record again at the next try, one after another, until the end of the record is reached. So a failing message costs
 * one row, whatever comes after it, and delays no other doctor. When too many doctors are behind, nothing more is read.
 *
 * The progress is stored in intervals: the cursor up to which everything was delivered or is behind the cursor of a
 * doctor. What was sent after the last store is sent again by the next worker.
 */
export class WebhookWorker {
  readonly webhook: StoredWebhook;
  readonly #deps: WorkerDeps;
  readonly #progress: Progress;
  readonly #lanes = new Map<DoctorId, Lane>();
  readonly #behind = new Map<DoctorId, Behind>();
  /** Messages up to these versions were delivered while the doctor was behind. */
  readonly #handled = new Map<DoctorId, number>();
  readonly #abort = new AbortController();
  readonly #doctorIds: ReadonlySet<string>;
  readonly #types: ReadonlySet<string>;
  #readCursor: string;
  #isReading = false;
  #hasMore = true;
  #sending = 0;
  #retrying = 0;
  #succeededAt: number;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(webhook: StoredWebhook, lags: readonly StoredLag[], deps: WorkerDeps) {
    this.webhook = webhook;
    this.#deps = deps;
    const { processId, store, onFault } = deps;
    this.#progress = new Progress(webhook, {
      ...{ processId, store, onFault },
      onLost: () => void this.stop(true).finally(deps.onEnd),
      onSaved: () => this.#pump(),
    });
    this.#readCursor = webhook.cursor;
    this.#succeededAt = webhook.succeededAt ?? 0;
    this.#doctorIds = new Set(webhook.doctorIds);
    this.#types = new Set(webhook.types);
    for (const { doctorId, cursor, tries, failingSince, nextAt } of lags) {
      const state = { version: 0, passedOver: 0, isBusy: false };
      this.#behind.set(doctorId, { cursor, tries, failingSince, nextAt, ...state });
    }
  }

  /** Doctors who lag behind. */
  get behindCount(): number {
    return this.#behind.size;
  }

  /** The first failed try of the event that has failed for the longest time; null when none fails. */
  get failingSince(): EpochMs | null {
    const failing = [...this.#behind.values()].filter(({ tries }) => tries > 0);
    if (failing.length === 0) return null;
    return epochMs(Math.min(...failing.map(({ failingSince }) => failingSince)));
  }

  /** Looks for more in the record. */
  wake(): void {
    this.#hasMore = true;
    this.#pump();
  }

  /**
   * Starts no more deliveries, waits a moment for those under way, and stores the progress.
   * @param isLost whether another process has the webhook: then all ends at once, and nothing is stored
   */
  async stop(isLost = false): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const deadlineMs = performance.now() + (isLost ? 0 : STOP_MS);
    while (this.#sending + this.#retrying > 0 && performance.now() < deadlineMs) await delay(10);
    this.#abort.abort();
    await this.#progress.stop(isLost);
  }

  #pump(): void {
    if (this.#isStopped) return;
    this.#startDeliveries();
    const isFull =
      this.#progress.window.size >= WINDOW_MAX ||
      this.#behind.size >= BEHIND_MAX ||
      this.#progress.unsaved.deliveryCount >= UNSAVED_MAX;
    if (this.#hasMore && !this.#isReading && !isFull) void this.#read();
    this.#setTimer();
    this.#progress.saveSoon();
  }

  #startDeliveries(): void {
    if (this.#progress.unsaved.deliveryCount >= UNSAVED_MAX) return;
    const now = this.#deps.clock();
    for (const [doctorId, behind] of this.#behind) {
      if (this.#retrying >= RETRIES_MAX) break;
      if (!behind.isBusy && behind.nextAt <= now) void this.#catchUp(doctorId, behind);
    }
    for (const [doctorId, lane] of this.#lanes) {
      if (this.#sending >= PARALLEL_MAX) break;
      if (!lane.isBusy) void this.#deliverNext(doctorId, lane);
    }
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    const idle = [...this.#behind.values()].filter(({ isBusy }) => !isBusy);
    if (idle.length === 0 || this.#retrying >= RETRIES_MAX) return;
    const nextAt = Math.min(...idle.map((behind) => behind.nextAt));
    this.#timer = setTimeout(() => this.#pump(), Math.max(nextAt - this.#deps.clock(), 1));
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    this.#hasMore = false;
    try {
      const page = await this.#deps.messages.since(this.#readCursor, PAGE_ITEMS);
      let before = this.#readCursor;
      for (const message of page.messages) {
        this.#take(message, before);
        before = message.id;
      }
      this.#progress.window.add(page.cursor, true);
      this.#readCursor = page.cursor;
      this.#hasMore ||= !page.isEnd;
    } catch (error) {
      this.#deps.onFault(error);
      // The dispatcher wakes every worker again and again, so the read is repeated.
      if (error instanceof UnknownCursorError) await this.#goToEnd();
    }
    this.#isReading = false;
    this.#pump();
  }

  /** Goes on with what comes from now on, because the record that the cursor belongs to is lost. */
  async #goToEnd(): Promise<void> {
    try {
      this.#readCursor = await this.#deps.messages.end();
      this.#progress.window.add(this.#readCursor, true);
    } catch (error) {
      this.#deps.onFault(error);
    }
  }

  #take(message: Message, before: string): void {
    const { doctorId, version } = message;
    if (!this.#isWanted(message) || version <= (this.#handled.get(doctorId) ?? 0)) return;
    const behind = this.#behind.get(doctorId);
    if (behind !== undefined) {
      behind.passedOver = version;
      return;
    }
    const lane = this.#lanes.get(doctorId) ?? { waiting: [], isBusy: false };
    this.#lanes.set(doctorId, lane);
    lane.waiting.push({ message, before, item: this.#progress.window.add(message.id, false) });
  }

  #isWanted({ type, doctorId }: Message): boolean {
    return (
      (this.#types.size === 0 || this.#types.has(type)) &&
      (this.#doctorIds.size === 0 || this.#doctorIds.has(doctorId))
    );
  }

  async #deliverNext(doctorId: DoctorId, lane: Lane): Promise<void> {
    const [next] = lane.waiting;
    if (next === undefined) return;
    lane.isBusy = true;
    this.#sending += 1;
    const answer = await this.#post(next.message);
    this.#sending -= 1;
    lane.isBusy = false;
    if (this.#abort.signal.aborted) return;
    // The lane goes to the end of the lanes, so that all doctors get their turn.
    this.#lanes.delete(doctorId);
    if (isDelivered(answer)) {
      lane.waiting.shift();
      next.item.isDone = true;
      if (lane.waiting.length > 0) this.#lanes.set(doctorId, lane);
      this.#noteSuccess(next.message, answer, 1);
    } else {
      this.#fallBehind(doctorId, lane, answer);
    }
    this.#pump();
  }

  #fallBehind(doctorId: DoctorId, { waiting }: Lane, answer: SentAnswer): void {
    const [first] = waiting;
    if (first === undefined) return;
    for (const { item } of waiting) item.isDone = true;
    const now = this.#deps.clock();
    const behind: Behind = {
      cursor: first.before,
      version: first.message.version - 1,
      passedOver: waiting.at(-1)?.message.version ?? 0,
      ...{ tries: 0, failingSince: now, nextAt: now, isBusy: false },
    };
    this.#behind.set(doctorId, behind);
    this.#noteFailure(first.message, behind, answer);
  }

  /** Delivers the next message of a doctor who is behind, or lets the doctor go on with the others. */
  async #catchUp(doctorId: DoctorId, behind: Behind): Promise<void> {
    behind.isBusy = true;
    this.#retrying += 1;
    try {
      const message = await this.#nextOf(doctorId, behind);
      if (message !== undefined) await this.#retry(message, behind);
      else if (behind.version >= behind.passedOver) this.#goOn(doctorId, behind);
    } catch (error) {
      behind.nextAt = this.#deps.clock() + READ_RETRY_MS;
      this.#deps.onFault(error);
      if (error instanceof UnknownCursorError) this.#goOn(doctorId, behind);
    }
    behind.isBusy = false;
    this.#retrying -= 1;
    this.#pump();
  }

  #goOn(doctorId: DoctorId, { version }: Behind): void {
    this.#behind.delete(doctorId);
    this.#handled.set(doctorId, version);
    this.#progress.unsaved.noteLag(doctorId, null);
  }

  /** The doctor's next message that the webhook wants; undefined at the end of the record. */
  async #nextOf(doctorId: DoctorId, behind: Behind): Promise<Message | undefined> {
    for (;;) {
      const page = await this.#deps.messages.ofDoctor(doctorId, behind.cursor, PAGE_ITEMS);
      for (const message of page.messages) {
        if (this.#isWanted(message)) return message;
        behind.version = message.version;
        behind.cursor = message.id;
      }
      behind.cursor = page.cursor;
      if (page.isEnd) return undefined;
    }
  }

  async #retry(message: Message, behind: Behind): Promise<void> {
    const answer = await this.#post(message);
    if (this.#abort.signal.aborted) return;
    if (!isDelivered(answer)) {
      this.#noteFailure(message, behind, answer);
      return;
    }
    const { tries } = behind;
    this.#passBy(message, behind);
    this.#noteSuccess(message, answer, tries + 1);
  }

  /** The message is over: what comes next of the doctor is tried at once. */
  #passBy(message: Message, behind: Behind): void {
    behind.cursor = message.id;
    behind.version = message.version;
    behind.tries = 0;
    behind.nextAt = this.#deps.clock();
    this.#noteLag(message.doctorId, behind);
  }

  #noteSuccess(message: Message, answer: SentAnswer, tries: number): void {
    const at = this.#deps.clock();
    this.#succeededAt = at;
    this.#progress.unsaved.succeededAt = at;
    this.#note(message, answer, { status: 'delivered', tries, at, nextAt: null });
  }

  #noteFailure(message: Message, behind: Behind, answer: SentAnswer): void {
    const at = this.#deps.clock();
    const { random, pausesMs } = this.#deps;
    if (behind.tries === 0) behind.failingSince = at;
    behind.tries += 1;
    const { tries } = behind;
    const isGone = answer.status === GONE;
    const pauseMs = isGone ? null : pauseAfter(tries, answer.retryAfterMs, random(), pausesMs);
    const nextAt = pauseMs === null ? null : epochMs(at + pauseMs);
    const status = nextAt === null ? 'failed' : 'retrying';
    this.#note(message, answer, { status, tries, at, nextAt });
    if (isGone) {
      this.#disable('gone');
    } else if (nextAt !== null) {
      behind.nextAt = nextAt;
      this.#noteLag(message.doctorId, behind);
    } else if (this.#succeededAt < behind.failingSince) {
      this.#disable('failing');
    } else {
      this.#passBy(message, behind);
    }
  }

  /** Sends nothing more. When a person enables the webhook again, what has failed is tried at once. */
  #disable(reason: 'gone' | 'failing'): void {
    const change = this.#deps.changeOf(this.webhook, 'webhook_disabled', 'system');
    this.#progress.unsaved.disabled = { reason, change };
    for (const [doctorId, behind] of this.#behind) {
      behind.tries = 0;
      behind.nextAt = change.at;
      this.#noteLag(doctorId, behind);
    }
    void this.stop().finally(() => this.#deps.onEnd());
  }

  #note(message: Message, answer: SentAnswer, outcome: Outcome): void {
    const delivery = deliveryAfter(this.webhook.id, message, answer, outcome);
    this.#progress.unsaved.noteDelivery(delivery);
    this.#deps.onDelivery(delivery);
  }

  #noteLag(doctorId: DoctorId, { cursor, tries, failingSince, nextAt }: Behind): void {
    const place = { webhookId: this.webhook.id, doctorId, cursor };
    this.#progress.unsaved.noteLag(doctorId, {
      ...place,
      tries,
      failingSince,
      nextAt: epochMs(nextAt),
    });
  }

  #post(message: Message): Promise<SentAnswer> {
    return this.#deps.post(this.webhook, message, this.#abort.signal);
  }
}
