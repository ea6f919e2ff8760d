import { expect, onTestFinished } from 'vitest';
import { PROBLEMS } from '../../src/http/problem.ts';
import { createMetrics, type Metrics, type MetricsDeps } from '../../src/metrics/index.ts';
import { openApp, type AppOptions, type TestApp } from './app/app.ts';

/** The labels of a series as Prometheus writes them, with the value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape, read as Prometheus reads it. */
export class Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];

  constructor(text: string) {
    this.text = text;
    this.samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(sampleOf);
  }

  /** The names that a query may use: of counters and gauges, and of the parts of histograms. */
  get names(): Set<string> {
    const types = Array.from(this.text.matchAll(/^# TYPE (\S+) (\S+)$/gm));
    return new Set(
      types.flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
  }

  /** The values of a metric by the values of its labels, in the order in which they are written, joined by a space. */
  series(name: string): Record<string, number> {
    const found = this.samples.filter((sample) => sample.name === name);
    return Object.fromEntries(
      found.map(({ labels, value }) => [Object.values(labels).join(' '), value]),
    );
  }

  /** The value of the only series of a metric. */
  value(name: string): number {
    const values = Object.values(this.series(name));
    expect(values, name).toHaveLength(1);
    return values[0] ?? NaN;
  }
}

function sampleOf(line: string): Sample {
  const { name, labels, value } =
    /^(?<name>[a-z_]\w*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line)?.groups ?? {};
  if (name === undefined) throw new Error(`not a line of Prometheus: ${line}`);
  const pairs = Array.from(
    (labels ?? '').matchAll(/(\w+)="([^"]*)"/g),
    ([, key = '', text = '']) => [key, text],
  );
  return {
    name,
    labels: Object.fromEntries(pairs) as Record<string, string>,
    value: Number(value),
  };
}

/** An app whose metrics can be read at any instant. */
export interface MeasuredApp {
  readonly opd: TestApp;
  readonly metrics: Metrics;
  /** Reads the metrics as `GET /metrics` answers them. */
  readonly scrape: () => Promise<Scrape>;
}

/**
 * Opens an app that counts itself, as the process does.
 * @param more sources in place of those of the app
 */
export async function openMeasuredApp(
  options: AppOptions = {},
  more: Partial<MetricsDeps> = {},
): Promise<MeasuredApp> {
  const opened = new Map<'app', TestApp>();
  const running = (): TestApp => {
    const app = opened.get('app');
    if (app === undefined) throw new Error('the app is not open yet');
    return app;
  };
  const metrics = createMetrics({
    version: '1.2.3',
    measuresProcess: false,
    problemCodes: Object.keys(PROBLEMS),
    isReady: () => running().service.unreadiness === undefined,
    queueLength: () => running().service.queueLength,
    subscribers: () => running().service.eventFeed.subscriberCount,
    occupancy: () => running().service.occupancy(),
    connections: () => Promise.resolve(0),
    webhookBacklog: () => running().webhooks.backlog,
    onError: (error) => {
      throw error;
    },
    ...more,
  });
  onTestFinished(metrics.close);
  const opd = await openApp({ ...options, metrics });
  opened.set('app', opd);
  const scrape = async (): Promise<Scrape> => {
    const { status, text } = await opd.get('/metrics');
    expect(status).toBe(200);
    return new Scrape(text);
  };
  return { opd, metrics, scrape };
}
