import { Counter, Gauge } from 'prom-client';
import type { Watch } from './watch.ts';

export interface FeedSources {
  /** Readers of the stream of events now. */
  readonly subscribers: () => number;
}

/** The stream of events: its readers, and what they get. */
export function watchFeed({ registry, listen }: Watch, { subscribers }: FeedSources): void {
  const registers = [registry];
  new Gauge({
    name: 'opd_event_readers',
    help: 'Readers of the stream of events now.',
    registers,
    collect() {
      this.set(subscribers());
    },
  });
  const sent = new Counter({
    name: 'opd_events_sent_total',
    help: 'Events that were written to streams: each event once for each of its readers.',
    registers,
  });
  listen('opd:events-sent', ({ count }) => sent.inc(count));
  const cut = new Counter({
    name: 'opd_event_readers_cut_total',
    help: 'Streams that were cut because their reader was too slow.',
    registers,
  });
  listen('opd:event-reader-cut', () => cut.inc());
}
