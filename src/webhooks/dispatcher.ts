import { epochMs, type EpochMs } from '../engine/index.ts';
import { BackgroundTask, type BackgroundRun } from '../background/index.ts';
import type { EventLog } from '../service/index.ts';
import type { StoredDelivery, StoredWebhook, WebhookStore } from '../store/index.ts';
import { publish } from '../telemetry/index.ts';
import { PAUSES_MS } from './back-off.ts';
import type { Message, Messages } from './messages.ts';
import { Pace } from './pace.ts';
import type { Sender, SentAnswer } from './sender.ts';
import { signedHeaders } from './signature.ts';
import type { ChangeOf } from './registry.ts';
import { WebhookWorker } from './worker.ts';

/** Milliseconds between two looks at the webhooks, which other processes change too. */
const LOOK_MS = 1_000;
/** Milliseconds for which a process has its webhooks after a look: another one takes them over when it looks no more. */
export const LEASE_MS = 6_000;
/** Milliseconds between two deletions of old deliveries, how many one of them deletes, and how old they are then. */
const PRUNE_GAP_MS = 10_000;
const PRUNE_COUNT = 1_000;
export const DELIVERIES_KEPT_MS = 30 * 24 * 3_600_000;

export interface DispatcherDeps {
  readonly store: WebhookStore;
  readonly events: Pick<EventLog, 'onCommit'>;
  readonly messages: Messages;
  readonly sender: Sender;
  readonly clock: () => EpochMs;
  readonly changeOf: ChangeOf;
  /** A name that no other process has. */
  readonly processId: string;
  readonly random?: () => number;
  /** See `PAUSES_MS`. */
  readonly pausesMs?: readonly number[];
  readonly onRun?: (run: BackgroundRun) => void;
  /** Reading or storing the progress of a webhook has failed. It is retried. */
  readonly onFault: (error: unknown, webhookId: string) => void;
}

/** How much waits to be delivered by this process. */
export interface Backlog {
  /** Doctors of a webhook whose events wait for a retry. */
  readonly doctorsBehind: number;
  /** Milliseconds since the first failed try of the event that has failed for the longest time; 0 when none fails. */
  readonly failingMs: number;
}

/**
 * Gives each webhook that this process has a worker. Once a second it looks which webhooks there are and which of them are
 * its own. Without a webhook, nothing listens to commits and the record is not read.
 */
export class WebhookDispatcher {
  readonly #deps: DispatcherDeps;
  readonly #task: BackgroundTask;
  readonly #pace = new Pace();
  readonly #workers = new Map<string, WebhookWorker>();
  #unsubscribe: (() => void) | undefined;
  #leaseTimer: NodeJS.Timeout | undefined;
  #prunedAtMs = 0;
  #isStarted = false;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#task = new BackgroundTask({
      name: 'webhooks',
      periodMs: LOOK_MS,
      retryMs: LOOK_MS,
      work: () => this.#look(),
      ...(deps.onRun === undefined ? {} : { onRun: deps.onRun }),
    });
  }

  get backlog(): Backlog {
    const workers = [...this.#workers.values()];
    const since = workers.flatMap(({ failingSince }) => failingSince ?? []);
    return {
      doctorsBehind: workers.reduce((count, { behindCount }) => count + behindCount, 0),
      failingMs: since.length === 0 ? 0 : this.#deps.clock() - Math.min(...since),
    };
  }

  start(): void {
    this.#isStarted = true;
    this.#task.start(0);
  }

  /** Looks at once, because a webhook was changed. */
  async look(): Promise<void> {
    if (!this.#isStarted) return;
    // A look that is under way may have read the webhooks before the change.
    await this.#task.run();
    await this.#task.run();
  }

  /** Ends the deliveries and leaves the webhooks to other processes. */
  async stop(): Promise<void> {
    this.#isStarted = false;
    await this.#task.stop();
    this.#follow(false);
    await this.#end([...this.#workers.keys()]);
    this.#deps.sender.close();
    // A database that is away ends the leases by itself.
    await this.#deps.store.leaveShare(this.#deps.processId).catch(() => undefined);
  }

  /** Sends a message to a webhook, signed with its secrets, when it is its turn. */
  readonly post = async (
    { id, url, secret, previousSecret, previousUntil }: StoredWebhook,
    message: Pick<Message, 'id' | 'body'>,
    signal: AbortSignal,
  ): Promise<SentAnswer> => {
    await this.#pace.turn();
    const now = this.#deps.clock();
    const isPreviousValid = previousSecret !== null && (previousUntil ?? 0) > now;
    const { body } = message;
    const signed = { id: `${id}_${message.id}`, timestamp: Math.floor(now / 1_000), body };
    const headers = signedHeaders(signed, isPreviousValid ? [secret, previousSecret] : [secret]);
    return this.#deps.sender.post(url, headers, body, signal);
  };

  async #look(): Promise<void> {
    const { store, processId } = this.#deps;
    const all = await store.webhooks();
    const open = all.filter(
      ({ deletedAt, disabledAt }) => deletedAt === null && disabledAt === null,
    );
    const takenAtMs = performance.now();
    const share = open.length === 0 ? new Set() : await store.takeShare(processId, LEASE_MS);
    const own = new Map(open.filter(({ id }) => share.has(id)).map((each) => [each.id, each]));
    const ended = [...this.#workers].filter(
      ([id, worker]) => own.get(id)?.revision !== worker.webhook.revision,
    );
    await this.#end(ended.map(([id]) => id));
    for (const webhook of own.values())
      if (!this.#workers.has(webhook.id)) await this.#begin(webhook);
    this.#renewLease(takenAtMs);
    this.#follow(this.#workers.size > 0);
    this.#wake();
    if (all.length > 0) await this.#prune();
  }

  /** Ends all deliveries if no look succeeds until the lease has ended, because another process delivers then. */
  #renewLease(takenAtMs: number): void {
    clearTimeout(this.#leaseTimer);
    if (this.#workers.size === 0) return;
    this.#leaseTimer = setTimeout(
      () => {
        for (const [id, worker] of this.#workers) {
          this.#workers.delete(id);
          void worker.stop(true);
        }
      },
      takenAtMs + LEASE_MS - performance.now(),
    );
  }

  async #begin({ id }: StoredWebhook): Promise<void> {
    const { store, clock, changeOf, processId, messages, random = Math.random } = this.#deps;
    const lags = await store.lags(id);
    // The progress of an earlier worker may have been stored after the webhooks were read.
    const webhook = (await store.webhooks()).find((each) => each.id === id);
    if (webhook === undefined) return;
    const worker = new WebhookWorker(webhook, lags, {
      ...{ processId, store, messages, clock, changeOf, random, post: this.post },
      pausesMs: this.#deps.pausesMs ?? PAUSES_MS,
      onDelivery: reportDelivery,
      onEnd: () => {
        if (this.#workers.get(id) === worker) this.#workers.delete(id);
      },
      onFault: (error) => this.#deps.onFault(error, id),
    });
    this.#workers.set(id, worker);
  }

  async #end(ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        await this.#workers.get(id)?.stop();
        this.#workers.delete(id);
      }),
    );
  }

  /** Listens to commits while there is a webhook. */
  #follow(isNeeded: boolean): void {
    if (!isNeeded) {
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
      clearTimeout(this.#leaseTimer);
    } else this.#unsubscribe ??= this.#deps.events.onCommit(() => this.#wake());
  }

  #wake(): void {
    this.#deps.messages.refresh();
    for (const worker of this.#workers.values()) worker.wake();
  }

  async #prune(): Promise<void> {
    if (performance.now() - this.#prunedAtMs < PRUNE_GAP_MS) return;
    this.#prunedAtMs = performance.now();
    const before = epochMs(this.#deps.clock() - DELIVERIES_KEPT_MS);
    await this.#deps.store.prune({ before, countMax: PRUNE_COUNT });
  }
}

/** Publishes the outcome of a try. */
export function reportDelivery({ status, httpStatus }: StoredDelivery): void {
  publish('opd:webhook-delivery', () => ({ outcome: status, httpStatus }));
}
