import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readSettings, Settings } from '../../src/settings.ts';
import { describedRoutes } from '../support/app/described.ts';
import { ROOT } from '../support/markdown.ts';
import { runTool } from '../support/process/tool.ts';
import { composeWith, variables } from './compose.ts';
import { environmentOfImage } from './dockerfile.ts';

const PASSWORD = '0123456789abcdef';
const { services, configs, volumes } = composeWith(PASSWORD);
const { postgres, balancer } = services;
const INSTANCES = Object.entries(services).filter(([, { build }]) => build !== undefined);
const BALANCER = configs.balancer.content;
const { PORT = '' } = environmentOfImage();

/** The path that a check of health asks for. */
const pathIn = (command: readonly string[] = []): string | undefined =>
  /http:\/\/127\.0\.0\.1:8080(\/\w+)/.exec(command.join(' '))?.[1];

it('is valid by the schema of Compose files, and by what is known to go wrong in them', async () => {
  const { code, output } = await runTool('node_modules/dclint/bin/dclint.cjs', [
    '--quiet',
    'compose.yaml',
  ]);
  expect(code, output).toBe(0);
});

it('asks for one thing, a password, and says so when it is missing', () => {
  expect(new Set(variables().map(({ name }) => name))).toEqual(new Set(['POSTGRES_PASSWORD']));
  expect(variables()[0]?.missing).toContain('letters and digits');
});

it('has two instances that differ in nothing', () => {
  const [first, second, ...others] = INSTANCES.map(([, service]) => service);
  expect(first).toBeDefined();
  expect(second).toEqual(first);
  expect(others).toEqual([]);
});

it.each(INSTANCES)(
  'gives %s settings that it knows, and the database that there is',
  (_, service) => {
    const { environment = {} } = service;
    expect(Object.keys(Settings.properties)).toEqual(
      expect.arrayContaining(Object.keys(environment)),
    );
    expect(readSettings({ ...environmentOfImage(), ...environment })).toHaveProperty('settings');
    const url = new URL(environment['DATABASE_URL'] ?? '');
    expect(services).toHaveProperty(url.hostname, postgres);
    expect({
      POSTGRES_USER: url.username,
      POSTGRES_PASSWORD: url.password,
      POSTGRES_DB: url.pathname.slice(1),
    }).toEqual(postgres?.environment);
    expect(url.password).toBe(PASSWORD);
  },
);

it.each(INSTANCES)('lets %s finish what it has begun when it stops', (_, service) => {
  const main = readFileSync(new URL('src/main.ts', ROOT), 'utf8');
  const stopMs = Number(/STOP_MS = ([\d_]+)/.exec(main)?.[1]?.replaceAll('_', ''));
  const seconds = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]);
  expect(seconds * 1_000).toBeGreaterThan(stopMs);
  // What a process does to end itself when its log is not read, process 1 survives.
  expect(service.init).toBe(true);
});

it('asks everywhere for readiness, which is a route, at the port that the image has', async () => {
  expect(PORT).toBe('8080');
  const checks = [...INSTANCES.map(([, service]) => service), balancer];
  const paths = checks.map((service) => pathIn(service?.healthcheck.test));
  const balanced = /option httpchk GET (\S+)/.exec(BALANCER)?.[1];
  expect([...paths, balanced]).toEqual(['/ready', '/ready', '/ready', '/ready']);
  expect((await describedRoutes()).map(({ name }) => name)).toContain('GET /ready');
});

it('balances over every instance, and is reached from this machine alone', () => {
  const servers = Array.from(BALANCER.matchAll(/^ *server (\S+) (\S+)$/gm), ([, ...pair]) => pair);
  expect(servers).toEqual(INSTANCES.map(([name]) => [name, `${name}:${PORT}`]));
  const bound = /bind :(\d+)/.exec(BALANCER)?.[1];
  expect(balancer?.ports).toEqual([`127.0.0.1:8080:${bound}`]);
  expect(INSTANCES.flatMap(([, { ports = [] }]) => ports)).toEqual([]);
  expect(postgres?.ports).toBeUndefined();
});

it('keeps the database in a volume of its own', () => {
  const [volume = ''] = postgres?.volumes ?? [];
  // From PostgreSQL 18 on, the image keeps each major version in a folder of its own below this one.
  expect(volume.split(':')[1]).toBe('/var/lib/postgresql');
  expect(Object.keys(volumes)).toEqual([volume.split(':')[0]]);
});

it('starts everything again that ends, from images of a known version', () => {
  for (const { image, build, restart } of Object.values(services)) {
    expect(restart).toBe('unless-stopped');
    expect(image ?? `${build}:0`).toMatch(/:\d/);
  }
});
