import { lchownSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { booking, openApp, type Answer } from '../support/app/app.ts';
import { bookBoth, expectedOf, statusesOf } from '../support/app/reads.ts';
import { eventually } from '../support/eventually.ts';
import { ownServer } from '../support/postgres/postgres.ts';
import { fill } from '../support/process/full-disk.ts';
import { mountMemory, needsMount, noMount } from '../support/process/mount.ts';
import { runSql } from '../support/store/run-sql.ts';
import { listenTo } from '../support/telemetry.ts';

it.skipIf(noMount !== null)(
  `while the disk of a PostgreSQL server is full, bookings are refused, all reads are answered, and the stall is told once${needsMount}`,
  async () => {
    const { url, superuserUrl } = await ownServer();
    const opd = await openApp({ store: (engine) => openDatabase(url, engine) });
    const tokens = await bookBoth(opd);
    const stalls = listenTo('opd:commit-stalled');
    const recoveries = listenTo('opd:commit-recovered');

    const directory = mountMemory('size=3m');
    const [{ path } = {}] = await runSql(
      superuserUrl,
      `SELECT setting AS path FROM pg_settings WHERE name = 'data_directory'`,
    );
    const { uid, gid } = statSync(String(path));
    lchownSync(directory, uid, gid);
    await runSql(superuserUrl, `CREATE TABLESPACE small LOCATION '${directory}'`);
    await runSql(superuserUrl, `ALTER TABLE changes SET TABLESPACE small`);
    const makeSpace = fill(directory);
    const transactions = listenTo('opd:transaction');
    const isStalled = () => transactions.some(({ outcome }) => outcome === 'rolledBack');
    let refused: Promise<Answer>;
    // Some bookings still fit, because the last page of the table has space.
    for (let nth = 5; ; nth += 1) {
      refused = opd.post('/book', booking(`W${nth}`));
      await Promise.race([refused, eventually(isStalled)]);
      if (isStalled()) break;
    }
    expect(await statusesOf(opd, tokens)).toEqual(expectedOf(tokens, 'writes'));
    expect(await refused).toMatchObject({ status: 503, body: { code: 'not_durable' } });
    expect(stalls).toEqual([
      { cause: expect.stringMatching(/^could not extend file .*: No space left/) as string },
    ]);
    makeSpace();
    expect(await opd.post('/book', booking('W0'))).toMatchObject({ status: 201 });
    expect(recoveries).toEqual([{ stalledMs: expect.any(Number) as number }]);
  },
);
