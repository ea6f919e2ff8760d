import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readSettings, Settings } from '../../src/settings.ts';
import { describedRoutes } from '../support/app/described-routes.ts';
import { ROOT } from '../support/markdown.ts';
import { runTool } from '../support/process/tool.ts';
import { BALANCER, composeWith, FOLDER, variables } from './compose.ts';
import { DOCKERFILE, environmentOfImage } from './dockerfile.ts';

const PASSWORD = '0123456789abcdef';
const { services, volumes } = composeWith(PASSWORD);
const { postgres, balancer } = services;
const INSTANCES = Object.entries(services).filter(([, { build }]) => build !== undefined);
const { PORT = '' } = environmentOfImage();

/** The path that a health check requests. */
const pathIn = (command: readonly string[] = []): string | undefined =>
  /http:\/\/127\.0\.0\.1:8080(\/\w+)/.exec(command.join(' '))?.[1];

it('compose.yaml is valid by the schema of Compose files and by the rules of a linter for them', async () => {
  const { code, output } = await runTool('node_modules/dclint/bin/dclint.cjs', [
    '--quiet',
    'deploy/compose.yaml',
  ]);
  expect(code, output).toBe(0);
});

it('compose.yaml needs one variable, a password, and has a message for when it is missing', () => {
  const needed = variables().filter(({ initial }) => initial === undefined);
  expect(new Set(needed.map(({ name }) => name))).toEqual(new Set(['POSTGRES_PASSWORD']));
  expect(needed[0]?.missing).toContain('letters and digits');
});

it('compose.yaml passes on the hosts, the origins and the proxies that .env may set', () => {
  const optional = variables().filter(({ initial }) => initial !== undefined);
  expect(optional).toMatchObject([
    { name: 'ALLOWED_HOSTS', initial: '' },
    { name: 'CORS_ORIGINS', initial: '' },
    { name: 'TRUST_PROXY', initial: '' },
  ]);
  for (const [, { environment }] of INSTANCES)
    expect(environment).toMatchObject({ ALLOWED_HOSTS: '', CORS_ORIGINS: '', TRUST_PROXY: '' });
});

it.each(INSTANCES)(
  'compose.yaml builds %s from the whole project by its Dockerfile',
  (_, { build }) => {
    const context = new URL(`${build?.context}/`, FOLDER);
    expect(context).toEqual(ROOT);
    expect(build?.dockerfile).toBe(DOCKERFILE);
  },
);

it('compose.yaml has two equal instances', () => {
  const [first, second, ...others] = INSTANCES.map(([, service]) => service);
  expect(first).toBeDefined();
  expect(second).toEqual(first);
  expect(others).toEqual([]);
});

it.each(INSTANCES)(
  'compose.yaml gives %s only known settings, and the database of the postgres service',
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

it.each(INSTANCES)(
  'compose.yaml gives %s more time to stop than the service takes at most',
  (_, service) => {
    const stopping = readFileSync(new URL('src/cli/stopping.ts', ROOT), 'utf8');
    const stopMs = Number(/STOP_MS = ([\d_]+)/.exec(stopping)?.[1]?.replaceAll('_', ''));
    const seconds = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]);
    expect(seconds * 1_000).toBeGreaterThan(stopMs);
    // The service kills itself when its log is not read. Process 1 cannot do that, so the container needs an init.
    expect(service.init).toBe(true);
  },
);

it('every health check requests the route GET /ready at the port of the image', async () => {
  expect(PORT).toBe('8080');
  const checks = [...INSTANCES.map(([, service]) => service), balancer];
  const paths = checks.map((service) => pathIn(service?.healthcheck.test));
  const balanced = /http-check send meth GET uri (\S+)/.exec(BALANCER)?.[1];
  expect([...paths, balanced]).toEqual(['/ready', '/ready', '/ready', '/ready']);
  expect((await describedRoutes()).map(({ name }) => name)).toContain('GET /ready');
});

it('the balancer uses every instance, and only this machine can reach it', () => {
  const servers = Array.from(BALANCER.matchAll(/^ *server (\S+) (\S+)$/gm), ([, ...pair]) => pair);
  expect(servers).toEqual(INSTANCES.map(([name]) => [name, `${name}:${PORT}`]));
  const bound = /bind :(\d+)/.exec(BALANCER)?.[1];
  expect(balancer?.ports).toEqual([`127.0.0.1:8080:${bound}`]);
  expect(INSTANCES.flatMap(([, { ports = [] }]) => ports)).toEqual([]);
  expect(postgres?.ports).toBeUndefined();
});

it('databases are stored in volumes of their own', () => {
  const [volume = ''] = postgres?.volumes ?? [];
  // Since PostgreSQL 18, the image stores each major version in its own folder below this one.
  expect(volume.split(':')[1]).toBe('/var/lib/postgresql');
  const stored = [volume, ...(services['prometheus']?.volumes ?? [])];
  expect(Object.keys(volumes)).toEqual(stored.map((each) => each.split(':')[0]));
});

it('every service restarts when it ends, and every image has a version', () => {
  for (const { image, build, restart } of Object.values(services)) {
    expect(restart).toBe('unless-stopped');
    if (image !== undefined || build === undefined) expect(image).toMatch(/:v?\d/);
  }
});
