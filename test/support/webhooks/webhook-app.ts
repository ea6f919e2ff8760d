import { epochMs } from '../../../src/engine/index.ts';
import type { WebhooksDeps } from '../../../src/webhooks/index.ts';
import { booking, openApp, type AppOptions, type TestApp } from '../app/app.ts';
import { eventually } from '../eventually.ts';
import type { Receiver } from './receiver.ts';

/** Short pauses between tries, so that a test need not wait. */
const PAUSES_MS = Array<number>(10_000).fill(20);

export interface DeliveryView {
  readonly event_id: string;
  readonly type: string;
  readonly doctor_id: string | null;
  readonly status: string;
  readonly tries: number;
  readonly last_try_at: string;
  readonly next_try_at: string | null;
  readonly http_status: number | null;
  readonly answer: string | null;
  readonly error: string | null;
}

/** The program, which delivers to private addresses too. */
export async function openWebhookApp(
  webhooks: Partial<WebhooksDeps> = {},
  options: AppOptions = {},
): Promise<TestApp> {
  const clock = () => epochMs(Date.now());
  const deps = { allowsPrivate: true, clock, pausesMs: PAUSES_MS, ...webhooks };
  const opd = await openApp({ ...options, webhooks: deps });
  opd.webhooks.start();
  return opd;
}

/** Sets a webhook and returns its secret. */
export async function putWebhook(
  opd: TestApp,
  receiver: Receiver,
  more: object = {},
  id = 'app',
): Promise<string> {
  const { body } = await opd.put<{ secret: string }>(`/webhooks/${id}`, {
    url: receiver.url,
    ...more,
  });
  return body.secret;
}

/** Books patients of a doctor, one after another. */
export async function bookFor(opd: TestApp, doctor: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1)
    await opd.post('/book', booking('W', { doctor_id: doctor, slot_id: `${doctor}_slot1` }));
}

export const deliveriesOf = async (opd: TestApp, id = 'app', query = ''): Promise<DeliveryView[]> =>
  (await opd.get<{ deliveries: DeliveryView[] }>(`/webhooks/${id}/deliveries${query}`)).body
    .deliveries;

/** Waits until the deliveries that are listed fulfil a condition. */
export async function deliveriesAre(
  opd: TestApp,
  isRight: (deliveries: readonly DeliveryView[]) => boolean,
  id = 'app',
): Promise<DeliveryView[]> {
  let deliveries: DeliveryView[] = [];
  await eventually(async () => {
    deliveries = await deliveriesOf(opd, id);
    return isRight(deliveries);
  });
  return deliveries;
}
