import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { Fault } from '../service/index.ts';
import type { AdminChange, AdminChangeKind, StoredWebhook, WebhookStore } from '../store/index.ts';
import { URL_LENGTH_MAX, urlFaultOf } from './address.ts';
import { newSecret } from './signature.ts';

/** Webhooks that a database may have beside the deleted ones: each has deliveries of its own under way. */
export const WEBHOOKS_MAX = 32;
/** Milliseconds for which the secret before a rotation signs too. */
export const OLD_SECRET_MS = 24 * 3_600_000;

/** What an administrator says of a webhook. */
export interface WebhookInput {
  readonly url: string;
  /** Empty for all. */
  readonly types: readonly string[];
  /** Empty for all. */
  readonly doctorIds: readonly DoctorId[];
}

/** A webhook that was set. */
export interface PutWebhook {
  readonly webhook: StoredWebhook;
  /** The secret, if it is a new one. It is given only here. */
  readonly secret: string | null;
  readonly isNew: boolean;
}

/** Makes what goes on record of a webhook. */
export type ChangeOf = (
  webhook: Pick<StoredWebhook, 'id' | 'url'>,
  kind: AdminChangeKind,
  actor: string,
) => AdminChange;

export interface RegistryDeps {
  readonly store: WebhookStore;
  readonly clock: () => EpochMs;
  readonly changeOf: ChangeOf;
  /** See `SenderOptions.allowsPrivate`. */
  readonly allowsPrivate: boolean;
  /** The cursor of now: a new webhook is told of what comes behind it. */
  readonly end: () => Promise<string>;
}

/**
 * Adds, changes, rotates and deletes webhooks, and records who did it. A change that another process makes at the same time is
 * not lost.
 */
export class WebhookRegistry {
  readonly #deps: RegistryDeps;

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
  }

  /** All webhooks that were not deleted, in the order of their ids. */
  async list(): Promise<readonly StoredWebhook[]> {
    return (await this.#deps.store.webhooks()).filter(({ deletedAt }) => deletedAt === null);
  }

  async find(id: string): Promise<StoredWebhook | undefined> {
    return (await this.list()).find((webhook) => webhook.id === id);
  }

  /**
   * Adds a webhook, or changes what it is told and where. A disabled webhook is enabled and goes on where it stopped.
   * @param actor who does it, for the record
   * @returns the webhook, or the faults of the input, in which case nothing was changed
   */
  async put(
    id: string,
    input: WebhookInput,
    actor: string,
  ): Promise<PutWebhook | { faults: readonly Fault[] }> {
    const secret = newSecret();
    for (;;) {
      const all = await this.#deps.store.webhooks();
      const stored = all.find((webhook) => webhook.id === id);
      const before = stored?.deletedAt === null ? stored : undefined;
      const faults = this.#faultsOf(input);
      const count = all.filter(({ deletedAt }) => deletedAt === null).length;
      if (before === undefined && count >= WEBHOOKS_MAX)
        faults.push({ pointer: '', detail: `cannot be added: there are ${WEBHOOKS_MAX} already` });
      if (faults.length > 0) return { faults };
      if (before !== undefined && isSame(before, input))
        return { webhook: before, secret: null, isNew: false };
      const webhook = {
        ...(before ?? (await this.#newWebhook(id, secret))),
        ...input,
        ...{ disabledAt: null, disabledReason: null, revision: (stored?.revision ?? 0) + 1 },
      };
      const isNew = before === undefined;
      const kind = isNew ? 'webhook_created' : 'webhook_changed';
      const change = this.#deps.changeOf(webhook, kind, actor);
      if (await this.#deps.store.setWebhook(webhook, !isNew, change))
        return { webhook, secret: isNew ? secret : null, isNew };
    }
  }

  /**
   * Gives a webhook a new secret. The old one signs too for a day.
   * @returns undefined when there is no such webhook
   */
  async rotate(id: string, actor: string): Promise<PutWebhook | undefined> {
    const secret = newSecret();
    const previousUntil = (this.#deps.clock() + OLD_SECRET_MS) as EpochMs;
    const webhook = await this.#change(id, 'webhook_rotated', actor, (before) => ({
      ...{ ...before, secret, previousSecret: before.secret, previousUntil },
    }));
    return webhook && { webhook, secret, isNew: false };
  }

  /** @returns undefined when there is no such webhook */
  remove(id: string, actor: string): Promise<StoredWebhook | undefined> {
    const deletedAt = this.#deps.clock();
    return this.#change(id, 'webhook_deleted', actor, (before) => ({ ...before, deletedAt }));
  }

  /**
   * Delivers everything behind a cursor, also what was delivered before.
   * @returns undefined when there is no such webhook
   */
  replay(id: string, cursor: string, actor: string): Promise<StoredWebhook | undefined> {
    return this.#change(id, 'webhook_replayed', actor, (before) => ({ ...before, cursor }));
  }

  async #change(
    id: string,
    kind: AdminChangeKind,
    actor: string,
    change: (before: StoredWebhook) => StoredWebhook,
  ): Promise<StoredWebhook | undefined> {
    for (;;) {
      const before = await this.find(id);
      if (before === undefined) return undefined;
      const webhook = { ...change(before), revision: before.revision + 1 };
      const recorded = this.#deps.changeOf(webhook, kind, actor);
      const keepsPlace = kind !== 'webhook_replayed';
      if (await this.#deps.store.setWebhook(webhook, keepsPlace, recorded)) return webhook;
    }
  }

  async #newWebhook(id: string, secret: string): Promise<StoredWebhook> {
    return {
      ...{ id, url: '', types: [], doctorIds: [], secret, previousSecret: null },
      ...{ previousUntil: null, createdAt: this.#deps.clock(), disabledAt: null },
      ...{ disabledReason: null, deletedAt: null, revision: 0 },
      ...{ cursor: await this.#deps.end(), succeededAt: null },
    };
  }

  #faultsOf({ url }: WebhookInput): Fault[] {
    const detail =
      url.length > URL_LENGTH_MAX
        ? `must have at most ${URL_LENGTH_MAX} characters`
        : urlFaultOf(url, this.#deps.allowsPrivate);
    return detail === undefined ? [] : [{ pointer: '/url', detail }];
  }
}

/** Whether the webhook is enabled and has these settings already. */
const isSame = (
  { url, types, doctorIds, disabledAt }: StoredWebhook,
  input: WebhookInput,
): boolean =>
  disabledAt === null &&
  JSON.stringify([url, types, doctorIds]) ===
    JSON.stringify([input.url, input.types, input.doctorIds]);
