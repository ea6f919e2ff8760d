import { WEBHOOKS_MAX } from './registry.ts';
import { PARALLEL_MAX, RETRIES_MAX } from './worker.ts';

export { ANSWER_BYTES_MAX } from './sender.ts';
export { URL_LENGTH_MAX } from './address.ts';
export type { PutWebhook, WebhookInput } from './registry.ts';
export { TEST_TYPE, Webhooks, type WebhooksDeps } from './webhooks.ts';

/** Connections to receivers that a process has at the same time, at most. */
export const WEBHOOK_SOCKETS_MAX = WEBHOOKS_MAX * (PARALLEL_MAX + RETRIES_MAX);
