import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readSettings, Settings } from '../../src/settings.ts';
import { describedRoutes } from '../support/app/described-routes.ts';
import { eventually } from '../support/eventually.ts';
import { readDocument, ROOT } from '../support/markdown.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { ServerProcess } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import {
  commandOf,
  copiedFromCheckout,
  environmentOfImage,
  Image,
  textOf,
  textsOf,
} from './dockerfile.ts';

// These tests read and execute the Dockerfile themselves, because the machine of the tests has no Docker.

const PACKAGE = JSON.parse(readDocument('package.json')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};
/** The version of Node that `npm ci` installs. */
const NODE_VERSION = PACKAGE.dependencies['node'] ?? PACKAGE.devDependencies['node'];

/** The check of Node's version in the npm scripts. The image needs none, because a test compares the version of its Node. */
const NODE_CHECK = '--require ./src/cli/require-node.cjs ';

const EXEC = /^docker (?:compose )?exec (?:--env (\w+)=(\S+) )?opd\S* (\S+) (.*)$/gm;
/** The programs that deploy/README.md runs in a container, with the settings that it gives them. */
const DOCUMENTED = Array.from(
  readDocument('deploy/README.md').matchAll(EXEC),
  ([, setting, value = '', program = '', args = '']) => ({
    program: [program, ...args.split(' ')] as const,
    settings: setting === undefined ? {} : { [setting]: value },
  }),
);

it('every stage of the image has the Node that the tests run on and package.json allows', () => {
  const [first = '', ...others] = textsOf('FROM');
  const { version, name = '' } =
    /^node:(?<version>[\d.]+)-slim AS (?<name>\w+)$/.exec(first)?.groups ?? {};
  expect(version).toBe(NODE_VERSION);
  expect(process.version).toBe(`v${version}`);
  expect(Number.parseInt(version ?? '')).toBeGreaterThanOrEqual(
    Number(PACKAGE.engines.node.replace('>=', '')),
  );
  expect(others.map((base) => base.replace(/ AS .*/, ''))).toEqual(others.map(() => name));
});

it('the image sets only known settings, listens on all addresses of the container, and exposes its port', () => {
  const { NODE_ENV, ...given } = environmentOfImage();
  expect(NODE_ENV).toBe('production');
  expect(Object.keys(Settings.properties)).toEqual(expect.arrayContaining(Object.keys(given)));
  expect(readSettings(given)).toMatchObject({
    settings: { HOST: '0.0.0.0', PORT: Number(textOf('EXPOSE')) },
  });
});

it('the image stores the default database in a volume', () => {
  const path = Settings.properties.DATABASE_URL.default as string;
  const folder = dirname(path.replace('sqlite:', ''));
  expect(textOf('VOLUME')).toBe(`${textsOf('WORKDIR').at(-1)}/${folder}`);
});

it('the image runs the command of npm start as a user that is not root', () => {
  expect(commandOf('CMD').join(' ')).toBe(PACKAGE.scripts['start']?.replace(NODE_CHECK, ''));
  expect(textOf('USER')).toBe('node');
});

it('the health check of the image requests GET /health', async () => {
  const path = /(\/\w+)`/.exec(commandOf('HEALTHCHECK').join(' '))?.[1];
  expect(path).toBe('/health');
  expect((await describedRoutes()).map(({ name }) => name)).toContain(`GET ${path}`);
});

it('the image copies only files that exist, and .dockerignore excludes all others', () => {
  const sources = new Set(copiedFromCheckout());
  expect([...sources].filter((source) => !existsSync(new URL(source, ROOT)))).toEqual([]);
  const lines = readDocument('.dockerignore').split('\n');
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  expect(rules).toEqual(['*', ...Array.from(sources, (source) => `!${source}`)]);
});

it('the built image is healthy, takes a booking, runs the documented programs and stops cleanly as an unprivileged user', async () => {
  const image = new Image(tempDir());
  const settings = { HOST: '127.0.0.1', PORT: await freePort() };
  expect(await image.isHealthy(settings)).toBe(false);

  const server = new ServerProcess(image.start('CMD', settings));
  onTestFinished(async () => {
    await server.stop('SIGKILL');
  });
  server.url = `http://127.0.0.1:${settings.PORT}`;
  await eventually(() => server.hasExited || image.isHealthy(settings));
  expect(server.errors).toBe('');
  await eventually(async () => (await server.get('/ready')).ok);

  const booking = { doctor_id: 'doc1', slot_id: 'doc1_slot1', patient_name: 'Asha Rao' };
  const answer = await server.post('/book', { ...booking, patient_type: 'WALK_IN' });
  expect(answer.status).toBe(201);
  const { uid } = statSync(image.at('data/opd.db'));
  expect(uid).not.toBe(0);
  expect(statSync(image.at('data')).uid).toBe(uid);
  expect(existsSync(image.at('node_modules/typescript'))).toBe(false);
  expect(existsSync(image.at('node_modules/.bin/node'))).toBe(false);

  expect(DOCUMENTED.map(({ program }) => program.join(' '))).toEqual([
    'node src/cli/keys.ts create boss --role admin',
    'node src/cli/verify.ts',
    'node src/cli/keys.ts create chief --role admin',
    'node src/cli/backup.ts data/backup.db',
    'node src/cli/verify.ts',
  ]);
  for (const { program, settings: given } of DOCUMENTED) {
    const [code] = (await once(image.run(program, given), 'exit')) as [number | null];
    expect(code, program.join(' ')).toBe(0);
  }

  await eventually(async () => (await server.get('/doctors')).status === 401);

  expect(await server.stop(textOf('STOPSIGNAL') as NodeJS.Signals)).toEqual({
    code: 0,
    signal: null,
  });
  expect(await image.isHealthy(settings)).toBe(false);
});
