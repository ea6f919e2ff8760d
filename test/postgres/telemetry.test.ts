import { expect, it } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { openApp } from '../support/app/app.ts';
import { failChanges } from '../support/postgres/pg-hospital.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { listenTo } from '../support/telemetry.ts';

it('each attempt of a transaction is published with its counts, and each command once with its outcome', async () => {
  const { url } = await createDatabase();
  const opd = await openApp({ store: (engine) => openDatabase(url, engine) });
  await failChanges(url, '40001', { times: 1 });
  const transactions = listenTo('opd:transaction');
  const commands = listenTo('opd:command');
  const key = { 'idempotency-key': 'k1' };
  const { id } = await opd.book('W1', {}, key);
  await opd.book('W1', {}, key);
  await opd.post('/cancel', { token_id: 'nobody' });
  const attempt = { commands: 1, changes: 1, ms: expect.any(Number) as number };
  expect(transactions.slice(0, 2)).toEqual([
    { ...attempt, outcome: 'rolledBack', failure: 'retryable', requeued: 1 },
    { ...attempt, outcome: 'committed', failure: null, requeued: 0 },
  ]);
  expect(commands).toMatchObject([
    { outcome: 'ok', isReplay: false },
    { outcome: 'ok', isReplay: true },
    { outcome: 'token_not_found', isReplay: false },
  ]);
  expect(commands.map(({ name }) => name)).toEqual(['book', 'book', 'cancel']);
  // The events contain no data of a patient.
  expect(JSON.stringify([transactions, commands])).not.toMatch(new RegExp(`W1|${id}`));
});
