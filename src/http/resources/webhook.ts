import { Type, type Static } from '@sinclair/typebox';
import type { StoredDelivery, StoredWebhook } from '../../service/index.ts';
import { DELIVERY_STATUSES, instantOf, type PublicEvent } from '../../service/index.ts';
import type { PutWebhook as ServicePutWebhook } from '../../webhooks/index.ts';
import { arrayOf, Instant, oneOf, orNull, Text, TextOrNull } from '../schema.ts';
import { eventOf, EventTypeName } from './event.ts';

/** What is sent of an event: ids, numbers and statuses, and nothing that says who the patient is. */
export const webhookBodyOf = (event: PublicEvent): string => JSON.stringify(eventOf(event, 'ids'));

const webhookFields = {
  id: Text,
  url: Text,
  types: arrayOf(EventTypeName, 'The types of events that are sent; empty for all.'),
  doctor_ids: arrayOf(Text, 'The doctors whose events are sent; empty for all.'),
  created_at: Instant,
  last_success_at: orNull(Instant),
  disabled_at: orNull(Instant),
  disabled_reason: Type.Unsafe<'gone' | 'failing' | null>({
    type: ['string', 'null'],
    enum: ['gone', 'failing', null],
    description:
      '`gone`: the server answered 410. `failing`: no delivery succeeded in about three days. Null while the webhook is enabled.',
  }),
};

export const Webhook = Type.Object(webhookFields, {
  title: 'Webhook',
  description: 'An address that is told of events, without its secret.',
});

const instantOrNull = (at: StoredWebhook['disabledAt']): string | null =>
  at === null ? null : instantOf(at);

export const webhookOf = (webhook: StoredWebhook): Static<typeof Webhook> => ({
  id: webhook.id,
  url: webhook.url,
  types: webhook.types as Static<typeof Webhook>['types'],
  doctor_ids: webhook.doctorIds,
  created_at: instantOf(webhook.createdAt),
  last_success_at: instantOrNull(webhook.succeededAt),
  disabled_at: instantOrNull(webhook.disabledAt),
  disabled_reason: webhook.disabledReason,
});

export const Webhooks = Type.Object(
  { webhooks: arrayOf(Webhook) },
  { title: 'Webhooks', description: 'All webhooks in the order of their ids.' },
);

export const PutWebhook = Type.Object(
  {
    ...webhookFields,
    secret: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description:
        'The new secret, which is given only here; null when the webhook keeps its secret.',
    }),
  },
  { title: 'PutWebhook', description: 'The webhook, and its secret if it is new.' },
);

export const putWebhookOf = ({
  webhook,
  secret,
}: ServicePutWebhook): Static<typeof PutWebhook> => ({ ...webhookOf(webhook), secret });

export const Delivery = Type.Object(
  {
    event_id: Text,
    type: Text,
    doctor_id: TextOrNull('Null for a test.'),
    status: oneOf(DELIVERY_STATUSES, {
      description:
        '`retrying`: it is tried again at `next_try_at`. `failed`: it is not tried again by itself.',
    }),
    tries: Type.Integer({ minimum: 1 }),
    last_try_at: Instant,
    next_try_at: orNull(Instant),
    http_status: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description: 'The status of the last answer; null when there was none.',
    }),
    answer: TextOrNull('The first bytes of the last answer.'),
    error: TextOrNull('Why there was no answer, such as `ECONNREFUSED` or `OPD_TIMEOUT`.'),
  },
  {
    title: 'Delivery',
    description: 'What was sent for one event, and what came back the last time.',
  },
);

export const deliveryOf = (delivery: StoredDelivery): Static<typeof Delivery> => ({
  event_id: delivery.eventId,
  type: delivery.type,
  doctor_id: delivery.doctorId,
  status: delivery.status,
  tries: delivery.tries,
  last_try_at: instantOf(delivery.at),
  next_try_at: instantOrNull(delivery.nextAt),
  http_status: delivery.httpStatus,
  answer: delivery.answer,
  error: delivery.error,
});

export const Deliveries = Type.Object(
  {
    deliveries: arrayOf(Delivery),
    next_cursor: TextOrNull('The `cursor` of the next page; null when there are no more.'),
  },
  { title: 'Deliveries', description: 'The deliveries of a webhook, the last try first.' },
);

export const Replay = Type.Object(
  {
    webhook: Webhook,
    delivery: Type.Unsafe<Static<typeof Delivery> | null>({
      ...Delivery,
      title: 'ReplayedDelivery',
      type: ['object', 'null'],
      description:
        'How the one event was delivered; null when all events from an instant on follow.',
    }),
  },
  { title: 'Replay' },
);
