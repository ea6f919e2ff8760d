import { Counter, Gauge } from 'prom-client';
import { SECOND_MS, type Watch } from './watch.ts';

export interface WebhookSources {
  /** What waits to be delivered by this process. */
  readonly webhookBacklog: () => { readonly doctorsBehind: number; readonly failingMs: number };
}

/** Deliveries of webhooks. No label names a webhook or a doctor. */
export function watchWebhooks(
  { registry, listen }: Watch,
  { webhookBacklog }: WebhookSources,
): void {
  const registers = [registry];
  const deliveries = new Counter({
    name: 'opd_webhook_deliveries_total',
    help: 'Messages sent to webhooks by outcome: delivered, retrying, or failed if they are not tried again.',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['delivered', 'retrying', 'failed']) deliveries.inc({ outcome }, 0);
  listen('opd:webhook-delivery', ({ outcome }) => deliveries.inc({ outcome }));
  new Gauge({
    name: 'opd_webhook_doctors_behind',
    help: 'Doctors of webhooks whose events wait for a retry, in this process.',
    registers,
    collect() {
      this.set(webhookBacklog().doctorsBehind);
    },
  });
  new Gauge({
    name: 'opd_webhook_failing_seconds',
    help: 'Time since the first failed try of the event that has failed for the longest time; 0 when none fails.',
    registers,
    collect() {
      this.set(webhookBacklog().failingMs / SECOND_MS);
    },
  });
}
