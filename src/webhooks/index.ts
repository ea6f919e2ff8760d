export { ANSWER_BYTES_MAX } from './sender.ts';
export { URL_LENGTH_MAX } from './address.ts';
export type { PutWebhook, WebhookInput } from './registry.ts';
export { TEST_TYPE, Webhooks, type WebhooksDeps } from './webhooks.ts';
