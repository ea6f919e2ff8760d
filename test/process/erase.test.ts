import { expect, it, onTestFinished } from 'vitest';
import { join } from 'node:path';
import { verifyDatabase } from '../../src/audit/index.ts';
import { patientId } from '../../src/engine/index.ts';
import { findNaming, openDatabase } from '../../src/store/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { RULES } from '../support/engine/clinic.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { startServer } from '../support/process/server-process.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';

const newSqlite = () => Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`);
const newPostgres = async () => (await createDatabase()).url;

const DAY_MS = 24 * 3_600_000;
// The tests may run over midnight: the days are counted from one instant, and each is two days or more away from it.
const BEGAN = Date.now();
const dayFrom = (days: number): string =>
  new Date(BEGAN + days * DAY_MS).toISOString().slice(0, 10);

/** A database in which a patient was seen some days ago, and has a token of a later day. */
async function fill(url: string): Promise<{ past: string; live: string }> {
  const opd = await openApp({
    ...{ store: (engine) => openDatabase(url, engine), timeZone: 'UTC' },
    now: `${dayFrom(-5)}T06:00:00Z`,
  });
  const book = async (of: TestApp, days: number): Promise<string> => {
    const slot_id = `doc1_slot1@${dayFrom(days)}`;
    return (await of.book('W', { slot_id, patient_id: 'Xid/1', patient_name: 'Xname' })).id;
  };
  const ids = { past: await book(opd, -5), live: await book(opd, 2) };
  await opd.store.close();
  return ids;
}

const erase = (url: string, ...args: string[]) =>
  runTool('src/cli/erase.ts', args, { DATABASE_URL: url });

/** What the program prints of the two tokens. */
const reportOf = ({ past, live }: { past: string; live: string }, erased: string): string =>
  `${erased}.\n  ${past}\nLeft, because the day is not over: 1 token.\n  ${live}\n`;
const ERASED = 'Erased: 1 token, 1 change record, 0 stored responses';

async function expectErased(url: string): Promise<void> {
  const tokens = await findNaming(url, patientId('Xid/1'));
  expect(tokens.map(({ slot }) => slot.date)).toEqual([dayFrom(2)]);
  expect((await verifyDatabase(url, RULES)).faults).toEqual([]);
}

it('says what it would erase in a stopped database, then erases it and writes the file anew', async () => {
  const url = await newSqlite();
  const ids = await fill(url);
  const planned = await erase(url, '--patient', 'Xid/1');
  expect(planned).toMatchObject({
    code: 0,
    output: reportOf(ids, 'Would erase: 1 token, 1 change record'),
  });
  expect(await findNaming(url, patientId('Xid/1'))).toHaveLength(2);
  const applied = await erase(url, '--patient', 'Xid/1', '--apply', '--rewrite');
  expect(applied).toMatchObject({ code: 2, output: reportOf(ids, ERASED) });
  await expectErased(url);
  // No output repeats the id or the name of the patient, because it may go to a log.
  const outputs = [planned, applied].flatMap(({ output, errors }) => [output, errors]);
  expect(outputs.join('')).not.toMatch(/Xid|Xname/);
});

it.each([
  ['SQLite', newSqlite, 'is in use by another process'],
  ['PostgreSQL', newPostgres, '--rewrite needs --apply and an SQLite database'],
])('erases a patient beside a running service on %s', async (_, newUrl, refusal) => {
  const url = await newUrl();
  const ids = await fill(url);
  const server = await startServer({ DATABASE_URL: url, TZ: 'UTC' });
  onTestFinished(async () => {
    await server.stop();
  });
  const patient = ['--patient', 'Xid/1', '--apply'];
  const [rewritten, applied] = [
    await erase(url, ...patient, '--rewrite'),
    await erase(url, ...patient),
  ];
  expect(rewritten).toMatchObject({ code: 1, output: '' });
  expect(rewritten.errors).toContain(refusal);
  expect(applied).toMatchObject({ code: 2, output: reportOf(ids, ERASED) });
  const nameOf = async (id: string): Promise<unknown> => {
    const answer = await server.get(`/tokens/${id}`);
    return ((await answer.json()) as Record<string, unknown>)['patient_name'];
  };
  expect([await nameOf(ids.past), await nameOf(ids.live)]).toEqual(['', 'Xname']);
  await expectErased(url);
});

it.each([
  [[], 'Say whom to erase'],
  [['--patient', 'x'], 'There is no database'],
])('refuses %j', async (args, words) => {
  const { code, errors } = await erase(await newSqlite(), ...args);
  expect({ code, errors }).toEqual({ code: 1, errors: expect.stringContaining(words) as string });
});
