import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DEFAULT_CLASSES, TRANSITIONS } from '../../src/engine/index.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { openApp } from '../support/app/app.ts';
import { codesIn, readDocument, rowsOf, sectionOf } from '../support/markdown.ts';
import { Scrape } from '../support/metrics.ts';
import { DEBIAN_ENV, skipNote, whyMissing } from '../support/process/installed.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { composeWith, FOLDER } from './compose.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

interface Panel {
  readonly title: string;
  readonly description: string;
  readonly datasource: { readonly uid: string };
  readonly targets: readonly { readonly expr: string }[];
}

const textOf = (name: string): string => readDocument(`deploy/monitoring/${name}`);
const { groups } = parse(textOf('alerts.yaml')) as {
  groups: readonly { rules: readonly Rule[] }[];
};
const RULES = groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(textOf('dashboard.json')) as { panels: readonly Panel[] };
const QUERIES = [
  ...RULES.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];
const { services, configs } = composeWith('password');
const INSTANCES = Object.entries(services).filter(([, { build }]) => build !== undefined);

/** The metrics of a real process. */
let scraped: Scrape;

beforeAll(async () => {
  const server = await startServer({ DATABASE_URL: 'memory:' });
  await server.post('/book', {
    doctor_id: 'doc1',
    slot_id: 'doc1_slot1',
    patient_name: 'Asha Rao',
    patient_type: 'WALK_IN',
  });
  scraped = new Scrape(await (await server.get('/metrics')).text());
  await server.stop();
});

const metricsIn = (query: string): string[] =>
  query.match(/\b(?:up|(?:opd|process|nodejs)_\w+)\b/g) ?? [];

it.each(QUERIES)('every metric of the query of "%s" is in a real scrape', (_, query) => {
  const metrics = metricsIn(query);
  expect(metrics).not.toEqual([]);
  // Prometheus itself makes `up`.
  expect(metrics.filter((name) => name !== 'up' && !scraped.names.has(name))).toEqual([]);
});

/** The values that a label may have. The others are of Prometheus itself. */
async function valuesOfLabels(): Promise<Readonly<Record<string, readonly string[]>>> {
  const description = await (await openApp()).get('/openapi.json');
  return {
    operation: Array.from(description.text.matchAll(/"operationId":"(\w+)"/g), ([, id = '']) => id),
    code: Object.keys(PROBLEMS),
    kind: ['booked', 'moved_in', 'moved_out', 'reclassified', ...Object.keys(TRANSITIONS)],
    class: DEFAULT_CLASSES.map(({ type }) => type),
    day: Object.keys(scraped.series('opd_seats')),
    state: Object.keys(scraped.series('opd_store_state')),
    task: ['tick'],
    result: ['ok', 'failed'],
    job: ['opd'],
  };
}

it('every value of a label in a query is one that the label may have', async () => {
  const values = await valuesOfLabels();
  for (const [title, query] of QUERIES)
    for (const [, label = '', text = ''] of query.matchAll(/(\w+)=~?"([^"]*)"/g))
      expect(values[label], `${title}: ${label}`).toEqual(expect.arrayContaining(text.split('|')));
});

it('deploy/README.md lists every metric of the service with its labels, and no other', () => {
  const rows = rowsOf(sectionOf(readDocument('deploy/README.md'), '### Metrics'));
  const listed = rows.map(([name, labels]) => [...codesIn(name), ...codesIn(labels)]);
  const types = Array.from(scraped.text.matchAll(/^# TYPE (opd_\w+) /gm), ([, name = '']) => name);
  expect(listed.map(([name]) => name)).toEqual(types);
  for (const { name, labels } of scraped.samples.filter((each) => each.name.startsWith('opd_'))) {
    const row = listed.find(([each]) => each === name.replace(/_(bucket|sum|count)$/, ''));
    expect(
      Object.keys(labels).filter((label) => label !== 'le'),
      name,
    ).toEqual(row?.slice(1));
  }
});

it('deploy/README.md says of every alert what it means and what to do, and of no other', () => {
  const rows = rowsOf(sectionOf(readDocument('deploy/README.md'), '### Alerts'));
  expect(rows.flatMap(([name]) => codesIn(name))).toEqual(RULES.map(({ alert }) => alert));
  for (const [, meaning, action] of rows) expect([meaning, action]).not.toContain('');
  for (const { labels, annotations } of RULES) {
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\.$/);
  }
});

it('every panel has a description and reads the provisioned Prometheus', () => {
  const { datasources } = parse(textOf('datasource.yaml')) as {
    datasources: readonly { uid: string; url: string }[];
  };
  const [{ uid, url } = { uid: '', url: '' }] = datasources;
  expect(services).toHaveProperty(new URL(url).hostname);
  expect(new Set(panels.map(({ datasource }) => datasource.uid))).toEqual(new Set([uid]));
  for (const { description } of panels) expect(description).toMatch(/\.$/);
});

it('Prometheus reads the metrics of every instance, at the port that compose.yaml gives them', () => {
  const { scrape_configs, rule_files } = parse(textOf('prometheus.yaml')) as {
    scrape_configs: readonly {
      job_name: string;
      static_configs: readonly { targets: string[] }[];
    }[];
    rule_files: readonly string[];
  };
  const targets = scrape_configs.flatMap((job) =>
    job.static_configs.flatMap((each) => each.targets.map((target) => [job.job_name, target])),
  );
  expect(targets).toEqual(
    INSTANCES.map(([name, { environment }]) => ['opd', `${name}:${environment?.['METRICS_PORT']}`]),
  );
  const mounted = services['prometheus']?.configs ?? [];
  const given = services['prometheus']?.command?.[0]?.replace('--config.file=', '');
  expect(mounted.map(({ target }) => target)).toEqual([
    given,
    ...rule_files.map((file) => `/etc/prometheus/${file}`),
  ]);
});

it('Prometheus and Grafana start only with their profile, and only this machine can reach them', () => {
  for (const name of ['prometheus', 'grafana']) {
    const { profiles, ports = [] } = services[name] ?? {};
    expect(profiles).toEqual(['monitoring']);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
  const others = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);
  expect(others.map(([name]) => name)).not.toContain('grafana');
});

it('every file that compose.yaml mounts is mounted where its reader looks for it', () => {
  const used = Object.values(services).flatMap(({ configs: mounted = [] }) => mounted);
  expect(used.map(({ source }) => source).toSorted()).toEqual(Object.keys(configs).toSorted());
  for (const { source, target } of used) {
    const { file } = configs[source] ?? { file: '' };
    expect(target.split('/').at(-1)).toBe(file.split('/').at(-1));
    expect(() => readDocument(`deploy/${file}`)).not.toThrow();
  }
  const { providers } = parse(textOf('dashboards.yaml')) as {
    providers: readonly { options: { path: string } }[];
  };
  const dashboard = used.find(({ source }) => source === 'dashboard')?.target;
  expect(providers.map(({ options }) => `${options.path}/dashboard.json`)).toEqual([dashboard]);
});

const noPromtool = whyMissing('promtool', '--version');

/** A series that has this value at each of so many half minutes. */
const steady = (series: string, value: number, steps = 60) => ({
  series,
  values: `${value}x${steps}`,
});

/** For each alert values that fire it within the half hour. */
const FIRING: Readonly<Record<string, readonly { series: string; values: string }[]>> = {
  OpdDown: [steady('up{job="opd", instance="a"}', 0)],
  OpdNotReady: [steady('opd_ready{instance="a"}', 0)],
  OpdStoreStalled: [steady('opd_store_state{instance="a", state="stalled"}', 1)],
  OpdInternalError: [{ series: 'opd_refusals_total{code="internal"}', values: '0x40 1x20' }],
  OpdTickFailing: [steady('opd_background_last_success_timestamp_seconds{task="tick"}', 10)],
  OpdSlowBookings: [
    {
      series: 'opd_http_request_duration_seconds_bucket{operation="book", le="0.5"}',
      values: '0+1x60',
    },
    {
      series: 'opd_http_request_duration_seconds_bucket{operation="book", le="1"}',
      values: '0+2x60',
    },
    {
      series: 'opd_http_request_duration_seconds_bucket{operation="book", le="+Inf"}',
      values: '0+2x60',
    },
  ],
  OpdOverloaded: [{ series: 'opd_refusals_total{code="overloaded"}', values: '0+30x60' }],
  OpdConnectionsRefused: [{ series: 'opd_connections_refused_total', values: '0+60x60' }],
  OpdEventLoopBlocked: [steady('nodejs_eventloop_lag_p99_seconds', 0.3)],
  OpdFewFileDescriptors: [
    steady('process_open_fds{job="opd"}', 900),
    steady('process_max_fds{job="opd"}', 1_000),
  ],
  OpdLogLinesDropped: [{ series: 'opd_log_lines_dropped_total', values: '0x40 7x20' }],
  OpdVersionsDiffer: [
    steady('opd_build_info{version="1.0.0"}', 1, 200),
    steady('opd_build_info{version="1.1.0"}', 1, 200),
  ],
  OpdWebhookFailing: [steady('opd_webhook_failing_seconds', 3_700)],
};

/** For each metric of an alert values of a service that is well. */
const WELL = [
  steady('up{job="opd"}', 1, 200),
  steady('opd_ready', 1, 200),
  steady('opd_store_state{state="stalled"}', 0, 200),
  steady('opd_store_stalled_seconds_total', 3, 200),
  steady('opd_refusals_total{code="internal"}', 2, 200),
  steady('opd_refusals_total{code="overloaded"}', 2, 200),
  { series: 'opd_background_last_success_timestamp_seconds{task="tick"}', values: '0+30x200' },
  {
    series: 'opd_http_request_duration_seconds_bucket{operation="book", le="0.5"}',
    values: '0+9x200',
  },
  {
    series: 'opd_http_request_duration_seconds_bucket{operation="book", le="+Inf"}',
    values: '0+9x200',
  },
  steady('opd_connections_refused_total', 9, 200),
  steady('nodejs_eventloop_lag_p99_seconds', 0.011, 200),
  steady('process_open_fds{job="opd"}', 40, 200),
  steady('process_max_fds{job="opd"}', 1_000, 200),
  steady('opd_log_lines_dropped_total', 5, 200),
  steady('opd_build_info{version="1.0.0"}', 1, 200),
  steady('opd_webhook_failing_seconds', 600, 200),
];

describe.skipIf(noPromtool !== null)(`promtool${skipNote(noPromtool)}`, () => {
  const promtool = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync('promtool', args, {
      env: DEBIAN_ENV,
      encoding: 'utf8',
    });
    return { status, text: stdout + stderr };
  };

  it('accepts the rules and the configuration', () => {
    const [rules, config] = ['alerts.yaml', 'prometheus.yaml'].map((name) =>
      fileURLToPath(new URL(`monitoring/${name}`, FOLDER)),
    );
    for (const [kind, file = ''] of [
      ['rules', rules],
      ['config', config],
    ] as const) {
      const { status, text } = promtool('check', kind, file);
      expect(status, text).toBe(0);
    }
  });

  it('finds that each alert fires when it must, and none while the service is well', () => {
    const rules = fileURLToPath(new URL('monitoring/alerts.yaml', FOLDER));
    const expected = (alert: string, isFiring: boolean, at: string) => ({
      alertname: alert,
      eval_time: at,
      exp_alerts: isFiring ? [{}] : [],
    });
    const tests = [
      ...RULES.map(({ alert }) => ({
        interval: '30s',
        input_series: FIRING[alert],
        // With the labels of the series, so that only the name is compared.
        promql_expr_test: [
          {
            expr: `count(ALERTS{alertname="${alert}", alertstate="firing"}) > 0`,
            eval_time: alert === 'OpdVersionsDiffer' ? '90m' : '24m',
            exp_samples: [{ labels: '{}', value: 1 }],
          },
        ],
      })),
      {
        interval: '30s',
        input_series: WELL,
        alert_rule_test: RULES.map(({ alert }) => expected(alert, false, '90m')),
      },
    ];
    const file = join(tempDir(), 'tests.yaml');
    writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '30s', tests }));
    const { status, text } = promtool('test', 'rules', file);
    expect(status, text).toBe(0);
  });
});
