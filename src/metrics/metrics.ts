import { Registry } from 'prom-client';
import { watchClinic, type ClinicSources } from './clinic-metrics.ts';
import { watchFeed, type FeedSources } from './feed-metrics.ts';
import { watchProcess, type ProcessSources } from './process-metrics.ts';
import { watchRequests, type RequestSources } from './request-metrics.ts';
import { watchStore, type StoreSources } from './store-metrics.ts';
import { listener } from './watch.ts';
import { watchWebhooks, type WebhookSources } from './webhook-metrics.ts';

/** Milliseconds for which a scrape answers all who ask, because a client that asks in a loop must not slow down others. */
const SCRAPE_REUSE_MS = 1_000;

export interface MetricsDeps
  extends RequestSources, StoreSources, ClinicSources, ProcessSources, FeedSources, WebhookSources {
  /** Receives what a subscriber throws. */
  readonly onError: (error: unknown) => void;
}

/** The metrics of the process. */
export interface Metrics {
  /** The media type of `scrape`. */
  readonly contentType: string;
  /** All metrics in the text format of Prometheus. Requests within a second get the same text. */
  readonly scrape: () => Promise<string>;
  /** Ends the subscriptions. */
  readonly close: () => void;
}

/**
 * Counts the events of `src/telemetry` from now on. A state, such as the number of seats, is asked of the sources when a
 * scrape is made.
 */
export function createMetrics({ onError, ...sources }: MetricsDeps): Metrics {
  const registry = new Registry();
  const { listen, end } = listener(onError);
  const watch = { registry, listen };
  watchRequests(watch, sources);
  watchStore(watch, sources);
  watchFeed(watch, sources);
  watchClinic(watch, sources);
  watchProcess(watch, sources);
  watchWebhooks(watch, sources);
  let latest: Promise<string> | undefined;
  const forget = (): void => {
    setTimeout(() => (latest = undefined), SCRAPE_REUSE_MS).unref();
  };
  return {
    contentType: registry.contentType,
    scrape: () => (latest ??= registry.metrics().finally(forget)),
    close: end,
  };
}
