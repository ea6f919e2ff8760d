import { randomUUID } from 'node:crypto';
import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { BackgroundRun } from '../background/index.ts';
import { EventLog, instantOf, type PublicEvent } from '../service/index.ts';
import {
  UnknownCursorError,
  type Database,
  type DeliveryFilter,
  type StoredDelivery,
  type StoredWebhook,
  type WebhookStore,
} from '../store/index.ts';
import { deliveryAfter, isDelivered } from './delivery.ts';
import { reportDelivery, WebhookDispatcher, type Backlog } from './dispatcher.ts';
import { Messages, type Message } from './messages.ts';
import { WebhookRegistry } from './registry.ts';
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
  readonly #dispatcher: WebhookDispatcher;
  readonly #stopped = new AbortController();

  constructor(deps: WebhooksDeps) {
    const { clock, bodyOf, allowsPrivate, version } = deps;
    const { webhooks: store, changeLog } = deps.database;
    const events = new EventLog(changeLog);
    this.#deps = deps;
    this.#store = store;
    this.#events = events;
    this.registry = new WebhookRegistry({ store, clock, allowsPrivate, end: () => events.end() });
    this.#messages = new Messages(events, bodyOf);
    this.#dispatcher = new WebhookDispatcher({
      ...{ store, events, clock, messages: this.#messages },
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

  /** Sends a message that tells nothing, once. */
  test(webhook: StoredWebhook): Promise<StoredDelivery> {
    const id = `test-${randomUUID()}`;
    const at = this.#deps.clock();
    const body = JSON.stringify({ id, type: TEST_TYPE, at: instantOf(at) });
    return this.#send(webhook, { id, type: TEST_TYPE, doctorId: null, body });
  }

  /**
   * Sends one event again, once, beside the order of its doctor.
   * @returns undefined when there is no such event
   */
  async resend(webhook: StoredWebhook, eventId: string): Promise<StoredDelivery | undefined> {
    const message = await this.#messages.find(eventId).catch((error: unknown) => {
      if (error instanceof UnknownCursorError) return undefined;
      throw error;
    });
    return message && this.#send(webhook, message);
  }

  /** Delivers everything from an instant on once more, in order. */
  async replayFrom(id: string, from: EpochMs): Promise<StoredWebhook | undefined> {
    return this.registry.replay(id, await this.#events.at(from));
  }

  async #send(
    webhook: StoredWebhook,
    message: Pick<Message, 'id' | 'type' | 'body'> & { readonly doctorId: DoctorId | null },
  ): Promise<StoredDelivery> {
    const ended = AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(2 * TRY_MS)]);
    const answer = await this.#dispatcher.post(webhook, message, ended);
    const status = isDelivered(answer) ? 'delivered' : 'failed';
    const outcome = { status, tries: 1, at: this.#deps.clock(), nextAt: null } as const;
    const delivery = deliveryAfter(webhook.id, message, answer, outcome);
    await this.#store.writeDelivery(delivery);
    reportDelivery(delivery);
    return delivery;
  }
}
