import { randomUUID } from 'node:crypto';
import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { BackgroundRun } from '../background/index.ts';
import { createAdminRecorder, EventLog, instantOf, type PublicEvent } from '../service/index.ts';
import {
  UnknownCursorError,
  type AdminChange,
  type Database,
  type DeliveryFilter,
  type StoredDelivery,
  type StoredWebhook,
  type WebhookStore,
} from '../store/index.ts';
import { deliveryAfter, isDelivered } from './delivery.ts';
import { reportDelivery, WebhookDispatcher, type Backlog } from './dispatcher.ts';
import { Messages, type Message } from './messages.ts';
import { WebhookRegistry, type ChangeOf } from './registry.ts';
import { Sender, TRY_MS, type SenderOptions } from './sender.ts';

export interface WebhooksDeps extends Omit<SenderOptions, 'userAgent'> {
  readonly database: Pick<Database, 'webhooks' | 'changeLog'>;
  /** What is sent of an event: no name and no id of a patient. */
  readonly bodyOf: (event: PublicEvent) => string;
  readonly clock: () => EpochMs;
  /** The version of the program. */
  readonly version: string;
  /** See `PAUSES_MS`. */
  readonly pausesMs?: readonly number[];
  readonly onRun?: (run: BackgroundRun) => void;
  readonly onFault?: (error: unknown, webhookId: string) => void;
}

/** The type of a message that a person sends to try a webhook. */
export const TEST_TYPE = 'webhook.test';

/** Tells other systems of what happens: by whom, where and how far. */
export class Webhooks {
  readonly registry: WebhookRegistry;
  readonly #deps: WebhooksDeps;
  readonly #store: WebhookStore;
  readonly #events: EventLog;
  readonly #messages: Messages;
  readonly #changeOf: ChangeOf;
  readonly #dispatcher: WebhookDispatcher;
  readonly #stopped = new AbortController();

  constructor(deps: WebhooksDeps) {
    const { clock, bodyOf, allowsPrivate, version } = deps;
    const { webhooks: store, changeLog } = deps.database;
    const events = new EventLog(changeLog);
    this.#deps = deps;
    this.#store = store;
    this.#events = events;
    const record = createAdminRecorder(clock);
    const changeOf: ChangeOf = ({ id: name, url }, kind, actor) =>
      record({ kind, name, role: '', url, actor });
    this.#changeOf = changeOf;
    const end = () => events.end();
    this.registry = new WebhookRegistry({ store, clock, allowsPrivate, changeOf, end });
    this.#messages = new Messages(events, bodyOf);
    this.#dispatcher = new WebhookDispatcher({
      ...{ store, events, clock, changeOf, messages: this.#messages },
      sender: new Sender({ ...deps, userAgent: `opd-token-allocation/${version}` }),
      processId: randomUUID(),
      onFault: deps.onFault ?? (() => undefined),
      ...(deps.pausesMs === undefined ? {} : { pausesMs: deps.pausesMs }),
      ...(deps.onRun === undefined ? {} : { onRun: deps.onRun }),
    });
  }

  get backlog(): Backlog {
    return this.#dispatcher.backlog;
  }

  /** Begins to deliver. */
  start(): void {
    this.#dispatcher.start();
  }

  /** Ends the deliveries of this process. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#dispatcher.stop();
  }

  /** Makes this process follow a change of the webhooks at once. The others follow within a second. */
  refresh(): Promise<void> {
    return this.#dispatcher.look();
  }

  deliveries(id: string, filter: DeliveryFilter): Promise<readonly StoredDelivery[]> {
    return this.#store.deliveries(id, filter);
  }

  /**
   * Sends a message that tells nothing, once.
   * @param actor who does it, for the record
   */
  test(webhook: StoredWebhook, actor: string): Promise<StoredDelivery> {
    const id = `test-${randomUUID()}`;
    const at = this.#deps.clock();
    const body = JSON.stringify({ id, type: TEST_TYPE, at: instantOf(at) });
    const message = { id, type: TEST_TYPE, doctorId: null, body };
    return this.#send(webhook, message, this.#changeOf(webhook, 'webhook_tested', actor));
  }

  /**
   * Sends one event again, once, beside the order of its doctor.
   * @returns undefined when there is no such event
   */
  async resend(
    webhook: StoredWebhook,
    eventId: string,
    actor: string,
  ): Promise<StoredDelivery | undefined> {
    const message = await this.#messages.find(eventId).catch((error: unknown) => {
      if (error instanceof UnknownCursorError) return undefined;
      throw error;
    });
    const change = this.#changeOf(webhook, 'webhook_replayed', actor);
    return message && this.#send(webhook, message, change);
  }

  /** Delivers everything from an instant on once more, in order. */
  async replayFrom(id: string, from: EpochMs, actor: string): Promise<StoredWebhook | undefined> {
    return this.registry.replay(id, await this.#events.at(from), actor);
  }

  async #send(
    webhook: StoredWebhook,
    message: Pick<Message, 'id' | 'type' | 'body'> & { readonly doctorId: DoctorId | null },
    change: AdminChange,
  ): Promise<StoredDelivery> {
    const ended = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(2 * TRY_MS)]);
    const answer = await this.#dispatcher.post(webhook, message, ended);
    const status = isDelivered(answer) ? 'delivered' : 'failed';
    const outcome = { status, tries: 1, at: this.#deps.clock(), nextAt: null } as const;
    const delivery = deliveryAfter(webhook.id, message, answer, outcome);
    await this.#store.writeDelivery(delivery, change);
    reportDelivery(delivery);
    return delivery;
  }
}
