import type { AdminChange } from '../admin-changes.ts';
import {
  adminChangeOf,
  deliveryRow,
  lagRow,
  webhookRow,
  type StoredDelivery,
  type StoredWebhook,
  type WebhookProgress,
  type WebhookWrite,
} from '../webhook-store.ts';
import { valuesOf } from './row-values.ts';
import { PLACE_COLUMNS, type Operation } from './statements.ts';
import { writtenColumnsOf } from '../tables.ts';

const webhookValues = valuesOf('webhooks');
const configValues = valuesOf(
  'webhooks',
  writtenColumnsOf('webhooks').filter((name) => name !== 'id' && !PLACE_COLUMNS.has(name)),
);
const lagValues = valuesOf('webhook_lags');
const deliveryValues = valuesOf('webhook_deliveries');
const changeValues = valuesOf('key_changes');

/** Records a change of an access key or of a webhook. */
export const recordOperation = (change: AdminChange): Operation => [
  'recordAdminChange',
  changeValues(change),
];

const deliveryOperation = (delivery: StoredDelivery): Operation => [
  'setDelivery',
  deliveryValues(deliveryRow(delivery)),
];

function setOperations(webhook: StoredWebhook, keepsPlace: boolean): Operation[] {
  const row = webhookRow(webhook);
  return keepsPlace
    ? [['configureWebhook', [...configValues(row), row.id]]]
    : [
        ['setWebhook', webhookValues(row)],
        ['endLags', [row.id]],
      ];
}

function progressOperations(progress: WebhookProgress): Operation[] {
  const { webhookId, cursor, succeededAt, disabled, lags, caughtUp, deliveries } = progress;
  return [
    ['moveWebhook', [cursor, succeededAt, webhookId]],
    ...(disabled === null
      ? []
      : [['disableWebhook', [disabled.change.at, disabled.reason, webhookId]] as Operation]),
    ...lags.map((lag): Operation => ['setLag', lagValues(lagRow(lag))]),
    ...caughtUp.map((doctorId): Operation => ['endLag', [webhookId, doctorId]]),
    ...deliveries.map(deliveryOperation),
  ];
}

function writeOperations(write: WebhookWrite): Operation[] {
  if ('set' in write) return setOperations(write.set, write.keepsPlace);
  if ('progress' in write) return progressOperations(write.progress);
  if ('delivery' in write) return [deliveryOperation(write.delivery)];
  const { before, countMax } = write.prune;
  return [
    ['pruneDeliveries', [before, countMax]],
    ['pruneWebhooks', [before]],
  ];
}

/** A write to the tables of webhooks, and what goes on record with it, as statements. */
export function webhookOperations(write: WebhookWrite): Operation[] {
  const change = adminChangeOf(write);
  return [...writeOperations(write), ...(change === undefined ? [] : [recordOperation(change)])];
}
