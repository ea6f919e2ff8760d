import { setTimeout as delay } from 'node:timers/promises';
import type { DoctorId, EpochMs } from '../engine/index.ts';
import type {
  StoredDelivery,
  StoredLag,
  StoredWebhook,
  WebhookProgress,
  WebhookStore,
} from '../store/index.ts';

/** Milliseconds from a delivery until it is stored. A process that is killed in between sends it again. */
const SAVE_MS = 200;
/** Milliseconds until a cursor alone is stored, because it moves with every commit of any doctor. */
const SAVE_CURSOR_MS = 5_000;
/** Milliseconds until a write that has failed is repeated. */
const SAVE_RETRY_MS = 1_000;

/** A message in the order of the record: its part is done when it was delivered, or its doctor lags behind. */
export interface WindowItem {
  readonly cursor: string;
  isDone: boolean;
}

/** The part of the record that was read and is not stored as done. */
export class Window {
  #items: WindowItem[] = [];
  /** Items before this one are done. They are dropped when they are the larger half. */
  #first = 0;
  #cursor: string;

  constructor(cursor: string) {
    this.#cursor = cursor;
  }

  /** Everything up to this cursor is done. */
  get cursor(): string {
    this.#advance();
    return this.#cursor;
  }

  get size(): number {
    this.#advance();
    return this.#items.length - this.#first;
  }

  add(cursor: string, isDone: boolean): WindowItem {
    const item = { cursor, isDone };
    this.#items.push(item);
    return item;
  }

  #advance(): void {
    for (
      let item = this.#items[this.#first];
      item?.isDone === true;
      item = this.#items[this.#first]
    ) {
      this.#cursor = item.cursor;
      this.#first += 1;
    }
    if (this.#first * 2 <= this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}

type Parts = Pick<WebhookProgress, 'succeededAt' | 'disabled' | 'lags' | 'caughtUp' | 'deliveries'>;

/** What has happened since the last time that the progress was stored. */
export class Unsaved {
  succeededAt: EpochMs | null = null;
  disabled: WebhookProgress['disabled'] = null;
  readonly #lags = new Map<DoctorId, StoredLag | null>();
  readonly #deliveries = new Map<string, StoredDelivery>();

  /** Notes how a doctor lags behind; null when the doctor has caught up. */
  noteLag(doctorId: DoctorId, lag: StoredLag | null): void {
    this.#lags.set(doctorId, lag);
  }

  noteDelivery(delivery: StoredDelivery): void {
    this.#deliveries.set(delivery.eventId, delivery);
  }

  get deliveryCount(): number {
    return this.#deliveries.size;
  }

  get isEmpty(): boolean {
    return this.#lags.size === 0 && this.#deliveries.size === 0 && this.disabled === null;
  }

  get parts(): Parts {
    const lags = [...this.#lags];
    return {
      succeededAt: this.succeededAt,
      disabled: this.disabled,
      lags: lags.flatMap(([, lag]) => lag ?? []),
      caughtUp: lags.flatMap(([doctorId, lag]) => (lag === null ? [doctorId] : [])),
      deliveries: [...this.#deliveries.values()],
    };
  }

  /** Takes over what came before and could not be stored. What came later counts. */
  addBefore(earlier: Unsaved): void {
    this.succeededAt ??= earlier.succeededAt;
    this.disabled ??= earlier.disabled;
    for (const [doctorId, lag] of earlier.#lags)
      if (!this.#lags.has(doctorId)) this.#lags.set(doctorId, lag);
    for (const [id, delivery] of earlier.#deliveries)
      if (!this.#deliveries.has(id)) this.#deliveries.set(id, delivery);
  }
}

export interface ProgressDeps {
  /** The name of this process in the store. */
  readonly processId: string;
  readonly store: Pick<WebhookStore, 'writeProgress'>;
  /** Another process has the webhook, or it was set anew: nothing can be stored any more. */
  readonly onLost: () => void;
  /** Something was stored. */
  readonly onSaved: () => void;
  /** Storing has failed. It is repeated. */
  readonly onFault: (error: unknown) => void;
}

/** Stores how far a webhook has come, in intervals, so that a busy webhook costs a few small writes a second. */
export class Progress {
  readonly window: Window;
  readonly #webhook: StoredWebhook;
  readonly #deps: ProgressDeps;
  #unsaved = new Unsaved();
  #savedCursor: string;
  #saving: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer ends, on the clock of `performance`. */
  #dueMs = Infinity;
  #isStopped = false;

  constructor(webhook: StoredWebhook, deps: ProgressDeps) {
    this.#webhook = webhook;
    this.#deps = deps;
    this.window = new Window(webhook.cursor);
    this.#savedCursor = webhook.cursor;
  }

  /** What has happened and is not stored yet. */
  get unsaved(): Unsaved {
    return this.#unsaved;
  }

  /** Stores what has happened within a moment. */
  saveSoon(): void {
    if (this.#isStopped || this.#saving !== undefined || this.#isSaved) return;
    const delayMs = this.#unsaved.isEmpty ? SAVE_CURSOR_MS : SAVE_MS;
    const dueMs = performance.now() + delayMs;
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => void this.#save(), delayMs);
  }

  /** Stores the rest, unless the webhook is lost, and nothing afterwards. */
  async stop(isLost: boolean): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (isLost) return;
    await this.#saving;
    await this.#save();
  }

  get #isSaved(): boolean {
    return this.#unsaved.isEmpty && this.window.cursor === this.#savedCursor;
  }

  #save(): Promise<void> {
    this.#dueMs = Infinity;
    this.#saving ??= this.#saveNow().finally(() => {
      this.#saving = undefined;
      this.#deps.onSaved();
    });
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    if (this.#isSaved) return;
    const saved = this.#unsaved;
    const { cursor } = this.window;
    const { id: webhookId, revision } = this.#webhook;
    const place = { webhookId, revision, processId: this.#deps.processId, cursor };
    this.#unsaved = new Unsaved();
    try {
      const isHeld = await this.#deps.store.writeProgress({ ...place, ...saved.parts });
      if (isHeld) this.#savedCursor = cursor;
      else this.#deps.onLost();
    } catch (error) {
      this.#unsaved.addBefore(saved);
      this.#deps.onFault(error);
      if (!this.#isStopped) await delay(SAVE_RETRY_MS);
    }
  }
}
