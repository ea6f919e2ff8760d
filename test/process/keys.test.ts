import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { epochMs } from '../../src/engine/index.ts';
import { AccessKeys } from '../../src/service/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool, type ToolRun } from '../support/process/tool.ts';
import { Desk } from '../support/store/desk.ts';

const SECRET = /^opd_[\da-f]{12}_[\w-]{43}\n$/;

const keysAt =
  (url: string) =>
  (...args: string[]): Promise<ToolRun> =>
    runTool('src/cli/keys.ts', args, { DATABASE_URL: url });

const newSqlite = () => Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`);
const newPostgres = async () => (await createDatabase()).url;

/** The keys as a process that runs on the database sees them at its next refresh. */
async function processOn(url: string): Promise<AccessKeys> {
  const { store, keys } = await new Desk((engine) => openDatabase(url, engine)).load();
  onTestFinished(() => store.close());
  return new AccessKeys(keys, () => epochMs(Date.now()));
}

it.each([
  ['SQLite', newSqlite],
  ['PostgreSQL', newPostgres],
])('makes, rotates and revokes keys beside a running process on %s', async (_, newUrl) => {
  const url = await newUrl();
  const run = keysAt(url);
  const first = await run('create', 'front-desk', '--role', 'desk');
  expect(first).toMatchObject({ code: 0, output: expect.stringMatching(SECRET) as string });
  expect(first.errors).not.toContain(first.output.trim());
  const running = await processOn(url);
  await running.refresh();
  const recognise = (secret: string) => running.recognise(secret.trim());
  expect(recognise(first.output)).toMatchObject({
    identity: { name: 'front-desk', role: 'desk', doctorIds: null },
  });

  const second = await run('rotate', 'front-desk');
  expect(second.output).toMatch(SECRET);
  await running.refresh();
  expect(recognise(first.output)).toMatchObject({ failure: 'unknown' });
  expect(recognise(second.output)).toHaveProperty('identity');

  expect(await run('revoke', 'front-desk')).toMatchObject({ code: 0, output: '' });
  await running.refresh();
  expect(recognise(second.output)).toMatchObject({ failure: 'revoked' });
  expect(running.state).toBe('some');
});

it('lists keys with role, doctors, state and last use, and never a secret', async () => {
  const run = keysAt(await newSqlite());
  const limited = ['--role', 'doctor', '--doctor', 'rao', '--doctor', 'sen'];
  const { output } = await run('create', 'rao', ...limited, '--expires', '2999-12-31');
  await run('create', 'old', '--role', 'auditor');
  await run('revoke', 'old');
  const list = await run('list');
  expect(list.output.split('\n').map((line) => line.split('\t').slice(0, 3))).toEqual([
    ['old', 'auditor', 'all doctors'],
    ['rao', 'doctor', 'rao,sen'],
    [''],
  ]);
  expect(list.output).toMatch(/old.*\trevoked 20.*\tnever used\n/);
  expect(list.output).toContain('\tvalid until 3000-01-01T00:00:00.000Z\t');
  expect(list.output).not.toContain(output.slice(4, 16));
});

it('stores a hash in place of the secret, in a file that its owner alone can read', async () => {
  const url = await newSqlite();
  const { output } = await keysAt(url)('create', 'boss', '--role', 'admin');
  const running = await processOn(url);
  const [key] = await running.registry.list();
  expect(JSON.stringify(key)).not.toContain(output.trim().slice(17));
  expect(key?.hash).toMatch(/^[\da-f]{64}$/);
  expect(statSync(url.slice('sqlite:'.length)).mode & 0o777).toBe(0o600);
});

it('fails with a sentence and prints nothing to the standard output', async () => {
  const run = keysAt(await newSqlite());
  await run('create', 'taken', '--role', 'admin');
  const faults: [args: string[], sentence: RegExp][] = [
    [['create', 'boss', '--role', 'king'], /^--role must be one of display, .*admin, auditor/],
    [['create', 'boss', '--role', 'admin', '--expires', 'soon'], /^--expires must be a date/],
    [['create', 'rao', '--role', 'doctor'], /^doctor_ids must name the doctor/],
    [['create', 'taken', '--role', 'admin'], /^There is a key taken already/],
    [['revoke', 'nobody'], /^There is no key nobody/],
    [['list', 'all'], /^Say what to do/],
  ];
  for (const [args, sentence] of faults) {
    const failed = await run(...args);
    expect(failed).toMatchObject({ code: 1, output: '' });
    expect(failed.errors).toMatch(sentence);
  }
});
