import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { eventually } from '../support/eventually.ts';
import { ownServer } from '../support/postgres/postgres.ts';
import type { PostgresServer } from '../support/postgres/postgres-server.ts';
import { runSql } from '../support/store/run-sql.ts';

// The tables can be distributed by doctor_id. A statement for which a client waits must name the doctor, because
// otherwise every node is asked.

const STATEMENT = /LOG: {2}(?:statement|execute [^:]*): ([\s\S]*?)(?=\n\S* \[\d+\] |$)/g;

/** The statements that the server has received since its log had this length. */
async function sentSince(server: PostgresServer, length: number): Promise<string[]> {
  const end = `SELECT 'the end at ${length}'`;
  await runSql(server.url, end);
  await eventually(() => server.log.slice(length).includes(end));
  const texts = Array.from(server.log.slice(length).matchAll(STATEMENT), ([, text = '']) => text);
  return [...new Set(texts.map((text) => text.replace(/\s+/g, ' ')))].filter(
    (text) => !text.startsWith(end),
  );
}

async function openOn(server: PostgresServer): Promise<TestApp> {
  const opd = await openApp({ store: (engine) => openDatabase(server.url, engine) });
  onTestFinished(() => opd.store.close());
  return opd;
}

/** Sends the usual requests of a day to two processes in turn, so that each must first load the other's changes. */
async function play(here: TestApp, there: TestApp): Promise<void> {
  for (const [nth, opd] of [here, there, here].entries()) {
    const names = ['W', 'W', 'O', 'F', 'P', 'E'].map((name) => `${name}${nth}`);
    const booked = await Promise.all(names.map((name) => opd.book(name)));
    const [first, second] = booked.map(({ id }) => id);
    await opd.post('/cancel', { token_id: first });
    await opd.post('/check-in', { token_id: second });
    await opd.get('/schedule?doctor_id=doc1');
    await opd.get(`/tokens/${second}`);
    await opd.book(
      `W${nth}`,
      { doctor_id: 'doc2', slot_id: 'doc2_slot1' },
      { 'idempotency-key': `key-${nth}` },
    );
  }
}

const isOfDoctor = (text: string): boolean =>
  /\bdoctor_id\b/.test(text) || /\b(FROM|UPDATE|INTO) doctors\b/.test(text);

it('every statement for which a command or a schedule waits names the doctor or the idempotency key', async () => {
  const server = await ownServer({ log_statement: 'all', log_line_prefix: '%n [%p] ' });
  const [here, there] = [await openOn(server), await openOn(server)];
  const { length } = server.log;
  await play(here, there);
  // No command waits for two statements: the notification of other processes is sent after the answers, and the ping that
  // asks whether the database still answers runs beside the commands. A slow machine sees one.
  const sent = (await sentSince(server, length)).filter(
    (text) => !/^(BEGIN|COMMIT|SELECT pg_notify|SELECT 1$)\b/.test(text),
  );
  const others = sent.filter((text) => !isOfDoctor(text));
  expect(others.filter((text) => !/\b(FROM|INTO) idempotency_keys\b/.test(text))).toEqual([]);
  // The day has used locks, both ways to load another process's changes, and every table.
  for (const part of ['FOR UPDATE', 'JOIN changes', 'INTO tokens', 'UPDATE tokens', 'INTO days'])
    expect(sent.join('\n')).toContain(part);
  expect(others).not.toEqual([]);
});
