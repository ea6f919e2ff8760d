import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { doctorId, leaveId, tokenId, type Leave } from '../../src/engine/index.ts';
import { PostgresCopyTarget } from '../../src/store/postgres/copy.ts';
import { SqliteCopyTarget } from '../../src/store/sqlite/copy.ts';
import { columnsOf, TABLE_NAMES, type CopiedRow, type TableName } from '../../src/store/tables.ts';
import { verifyDatabase } from '../../src/audit/index.ts';
import { openDatabase } from '../../src/store/index.ts';
import { migrateStore } from '../../src/transfer/index.ts';
import { ROWS_PER_BATCH } from '../../src/store/audit-source.ts';
import { NOW, RULES, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import { adminChange, keyWrite, storedKey, storedResponse } from '../support/store/desk.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { runSql } from '../support/store/run-sql.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { EVENING, MORNING } from '../support/engine/week.ts';
import { allOf } from '../support/store/pages.ts';

const rules = { ...RULES, waitlistMax: Infinity };

const sqlite = (): Promise<string> => Promise.resolve(`sqlite:${join(tempDir(), 'opd.db')}`);
const postgres = async (): Promise<string> => (await createDatabase()).url;
const isSqlite = (url: string): boolean => url.startsWith('sqlite:');

type NewUrl = typeof sqlite;
const DIRECTIONS: [what: string, from: NewUrl, to: NewUrl][] = [
  ['SQLite to PostgreSQL', sqlite, postgres],
  ['PostgreSQL to SQLite', postgres, sqlite],
];

async function deskAt(url: string): Promise<FrontDesk> {
  const desk = new FrontDesk((engine) => openDatabase(url, engine), rules);
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk.load();
}

const NAME = `O'Neil \\ "x" {y} <नमस्ते 👋>`;

const LEAVE: Leave = {
  id: leaveId('leave'),
  from: TODAY,
  to: TOMORROW,
  reason: NAME,
};

/** Adds a webhook with a doctor who is behind and a delivery. */
async function addWebhook({ webhooks }: FrontDesk): Promise<void> {
  await webhooks.setWebhook(
    {
      ...{ id: 'ward', url: 'https://ward.example/opd', types: ['token.booked'] },
      ...{ doctorIds: [doctorId('rao')], secret: NAME, previousSecret: NAME, previousUntil: NOW },
      ...{ createdAt: NOW, disabledAt: null, disabledReason: null, deletedAt: null },
      ...{ revision: 1, cursor: 'c0', succeededAt: null },
    },
    false,
    adminChange({ name: NAME, url: NAME }),
  );
  await webhooks.takeShare('one', 60_000);
  const about = { webhookId: 'ward', doctorId: doctorId('rao') };
  const lag = { ...about, cursor: 'c1', tries: 2, failingSince: NOW, nextAt: NOW };
  const delivery = {
    ...{ ...about, eventId: 'e1', type: 'token.booked', status: 'retrying' as const, tries: 2 },
    ...{ at: NOW, nextAt: NOW, httpStatus: 500, answer: NAME, error: null },
  };
  await webhooks.writeProgress({
    ...{ webhookId: 'ward', processId: 'one', revision: 1, cursor: 'c5', succeededAt: NOW },
    ...{ disabled: null, lags: [lag], caughtUp: [], deliveries: [delivery] },
  });
}

/** Plays a day of two doctors that has rows in every table and values of every kind. */
async function dayAt(url: string): Promise<string> {
  const desk = await deskAt(url);
  await desk.openSlots();
  await desk.put({ department: null, sessions: [EVENING, MORNING] });
  await desk.put({ sessions: [MORNING], rooms: 2, leaves: [LEAVE] });
  await desk.put({ sessions: [MORNING] });
  await desk.admit('nine', 'W1 W2 E1 W3');
  for (const slot of ['other', 'morrow', 'nine', 'ten']) await desk.move('W1', slot);
  await desk.checkIn('E1');
  await desk.reclassify('W3', 'PAID_PRIORITY');
  desk.reason = NAME;
  await desk.leave('W2');
  await desk.close('morrow');
  for (const key of ['b', 'a', 'ß'])
    await desk.book(
      `K${key}`,
      { patientName: NAME, patientId: null },
      { response: storedResponse({ key, answer: JSON.stringify({ key, NAME }) }) },
    );
  const limited = { doctorIds: [doctorId('rao'), doctorId('sen')], lastUsedAt: NOW };
  await desk.keys.writeKeys([
    keyWrite(storedKey(limited)),
    keyWrite(storedKey({ name: 'a', id: 'b' })),
    { secret: { name: 's', value: NAME, createdAt: NOW } },
  ]);
  await addWebhook(desk);
  await desk.store.close();
  return url;
}

const sql = (url: string, statement: string): Promise<unknown> =>
  isSqlite(url) ? Promise.resolve(inSqlite(url, statement)) : runSql(url, statement);

function inSqlite(url: string, statement: string): Record<string, unknown>[] {
  const database = new DatabaseSync(url.slice('sqlite:'.length));
  try {
    return database.prepare(statement).all();
  } finally {
    database.close();
  }
}

/** Every row of every table as text, sorted, without the values that only one kind of database has. */
async function rowsOf(url: string): Promise<Record<TableName, string[]>> {
  const tables = await Promise.all(
    TABLE_NAMES.map(async (table) => {
      const rows = isSqlite(url)
        ? inSqlite(url, `SELECT * FROM ${table}`)
        : await runSql(url, `SELECT row::text FROM ${table} AS row`);
      // A copy draws new positions of responses, and all its tokens are indexed.
      const own = { ...(table === 'idempotency_keys' && { position: 0 }), indexed: 0 };
      const texts = rows.map((row) => JSON.stringify(isSqlite(url) ? { ...row, ...own } : row));
      return [table, texts.sort()] as const;
    }),
  );
  return Object.fromEntries(tables) as Record<TableName, string[]>;
}

/** Checks that the database has no tables, or that its file does not exist. */
const expectNothingAt = async (url: string): Promise<void> => {
  if (isSqlite(url)) expect(readdirSync(dirname(url.slice('sqlite:'.length)))).toEqual([]);
  else
    expect(await runSql(url, `SELECT FROM pg_tables WHERE schemaname = 'public'`)).toHaveLength(0);
};

describe.each(DIRECTIONS)('from %s', (_, newSource, newTarget) => {
  it('and back, every row has exactly the same text', async () => {
    const [from, there, back] = [
      await dayAt(await newSource()),
      await newTarget(),
      await newSource(),
    ];
    if (!isSqlite(from)) await sql(from, `UPDATE changes SET command_id = ''`);
    const before = await rowsOf(from);
    for (const table of TABLE_NAMES) expect(before[table]).not.toEqual([]);
    const report = await migrateStore(from, there, rules);
    expect([...report]).toEqual(TABLE_NAMES.map((table) => [table, before[table].length]));
    expect(await migrateStore(there, back, rules)).toEqual(report);
    expect(await rowsOf(back)).toEqual(before);
    expect(await rowsOf(from)).toEqual(before);
  });

  it('more rows than one batch holds are copied', async () => {
    const [from, to] = [await newSource(), await newTarget()];
    const desk = await deskAt(from);
    await desk.openSlots();
    const names = Array.from({ length: 2 * ROWS_PER_BATCH + 1 }, (_name, index) => `W${index}`);
    await desk.admit('nine', names.join(' '));
    await desk.store.close();
    const report = await migrateStore(from, to, rules);
    expect(report.get('tokens')).toBe(names.length);
    expect(await verifyDatabase(to, rules)).toEqual(await verifyDatabase(from, rules));
  });

  it('the service continues on the copy with the same state', async () => {
    const [from, to] = [await dayAt(await newSource()), await newTarget()];
    const before = await deskAt(from);
    await before.store.close();
    await migrateStore(from, to, rules);
    const after = await deskAt(to);
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(before.engine));
    await after.move('W1', 'other');
    await after.leave('W1');
    const history = await allOf(after.archive.history(tokenId('W1')));
    expect(history.slice(-3).map(({ kind }) => kind)).toEqual([
      'moved_out',
      'moved_in',
      'cancelled',
    ]);
    expect(history[0]?.kind).toBe('booked');
    const response = await after.archive.storedResponse('anonymous', 'ß', NOW);
    expect(response).toEqual(
      storedResponse({ key: 'ß', answer: JSON.stringify({ key: 'ß', NAME }) }),
    );
    await after.store.close();
    expect((await verifyDatabase(to, rules)).faults).toEqual([]);
  });

  it('an empty database is copied to an empty one, and to one whose tables exist already', async () => {
    const [from, to, again] = [await newSource(), await newTarget(), await newSource()];
    await (await deskAt(from)).store.close();
    expect(new Set((await migrateStore(from, to, rules)).values())).toEqual(new Set([0]));
    await migrateStore(to, again, rules);
    if (!isSqlite(to)) await migrateStore(from, to, rules);
    await (await deskAt(to)).store.close();
  });

  it('a database with rows is not overwritten', async () => {
    const [from, to] = [await dayAt(await newSource()), await dayAt(await newTarget())];
    const before = await rowsOf(to);
    await expect(migrateStore(from, to, rules)).rejects.toThrow(
      /^The (file \S+ is there already: name a new one|database \S+ has rows in it: name an empty one)\.$/,
    );
    expect(await rowsOf(to)).toEqual(before);
  });

  it('a database that a process uses is not copied', async () => {
    const [from, to] = [await dayAt(await newSource()), await newTarget()];
    const desk = await deskAt(from);
    await expect(migrateStore(from, to, rules)).rejects.toThrow(
      /^The database \S+ is in use(, with [1-9]\d* connections: stop all processes on it| by another process: stop it) first/,
    );
    await expectNothingAt(to);
    await desk.store.close();
    await migrateStore(from, to, rules);
  });

  it('a damaged database is not copied', async () => {
    const [from, to] = [await dayAt(await newSource()), await newTarget()];
    await sql(from, `UPDATE tokens SET arrival = 99 WHERE id = 'E1'`);
    await expect(migrateStore(from, to, rules)).rejects.toThrow(
      /^The database \S+ has 1 faults and nothing was copied; npm run verify lists them: token E1: .* arrival is 99, by .*\.$/,
    );
    await expectNothingAt(to);
  });

  type Change = (row: CopiedRow) => readonly CopiedRow[];
  const without = (table: TableName, column: string): Change => {
    const index = columnsOf(table).indexOf(column);
    return (row) => [row.with(index, null)];
  };
  it.each<[what: string, table: TableName, change: Change]>([
    ['loses a row', 'tokens', () => []],
    ['loses a value', 'changes', without('changes', 'reason')],
    ['loses a row that verify does not read', 'idempotency_keys', () => []],
  ])('a copy that %s is refused', async (_what, lossy, change) => {
    const [from, to] = [await dayAt(await newSource()), await newTarget()];
    const before = await rowsOf(from);
    const { prototype } = isSqlite(to) ? SqliteCopyTarget : PostgresCopyTarget;
    const add = Object.getOwnPropertyDescriptor(prototype, 'add')?.value as SqliteCopyTarget['add'];
    const spy = vi.spyOn(prototype, 'add').mockImplementation(function (
      this: SqliteCopyTarget,
      table,
      rows,
    ) {
      return add.call(this, table, table === lossy ? rows.flatMap(change) : rows);
    });
    onTestFinished(() => spy.mockRestore());
    await expect(migrateStore(from, to, rules)).rejects.toThrow(
      new RegExp(
        `^The copy of ${lossy} differs from the original: it has \\d+ rows, the original has \\d+. Nothing was copied.$`,
      ),
    );
    await expectNothingAt(to);
    expect(await rowsOf(from)).toEqual(before);
  });
});

it('a PostgreSQL database that rejects a row stays empty', async () => {
  const [from, to] = [await dayAt(await sqlite()), await postgres()];
  await sql(from, `UPDATE idempotency_keys SET answer = 'zero: ' || char(0)`);
  await expect(migrateStore(from, to, rules)).rejects.toThrow(
    /^The database postgres:\S+ cannot be used: .*\.$/,
  );
  await expectNothingAt(to);
});

it('nothing is copied into a PostgreSQL database that a process uses', async () => {
  const [from, to] = [await dayAt(await sqlite()), await postgres()];
  await deskAt(to);
  await expect(migrateStore(from, to, rules)).rejects.toThrow(/ is in use, with [1-9]\d* connect/);
});

it('a process that starts on a PostgreSQL database waits until the copy is complete', async () => {
  const [from, to] = [await dayAt(await sqlite()), await postgres()];
  const { prototype } = PostgresCopyTarget;
  const commit = Object.getOwnPropertyDescriptor(prototype, 'commit')
    ?.value as PostgresCopyTarget['commit'];
  let starting: Promise<FrontDesk> | undefined;
  const spy = vi.spyOn(prototype, 'commit').mockImplementation(async function (
    this: PostgresCopyTarget,
  ) {
    starting = deskAt(to);
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`;
    while ((await runSql(to, waiting)).length === 0);
    await commit.call(this);
  });
  onTestFinished(() => spy.mockRestore());
  await migrateStore(from, to, rules);
  expect((await starting)?.engine.token(tokenId('E1'))).toBeDefined();
});

it('no file is created beside the WAL of another database', async () => {
  const [from, to] = [await dayAt(await postgres()), await sqlite()];
  writeFileSync(`${to.slice('sqlite:'.length)}-wal`, '');
  await expect(migrateStore(from, to, rules)).rejects.toThrow(
    /^The file \S+opd\.db-wal is there already: name a new one\.$/,
  );
});

it('a file that is created during the copy is not overwritten', async () => {
  const [from, to] = [await dayAt(await postgres()), await sqlite()];
  const path = to.slice('sqlite:'.length);
  const { prototype } = SqliteCopyTarget;
  const written = Object.getOwnPropertyDescriptor(prototype, 'written')
    ?.value as SqliteCopyTarget['written'];
  const spy = vi.spyOn(prototype, 'written').mockImplementation(function (this: SqliteCopyTarget) {
    writeFileSync(path, 'mine');
    return written.call(this);
  });
  onTestFinished(() => spy.mockRestore());
  await expect(migrateStore(from, to, rules)).rejects.toThrow(/ cannot be written: EEXIST/);
  expect(readFileSync(path, 'utf8')).toBe('mine');
  expect(readdirSync(dirname(path))).toEqual(['opd.db']);
});

it.each<[what: string, from: string, to: string, sentence: RegExp]>([
  [
    'two databases of one kind',
    'sqlite:a.db',
    'sqlite:b.db',
    /^Name an SQLite file, as sqlite: and its path, /,
  ],
  ['a database in memory', 'memory:', 'postgres://127.0.0.1:1/x', /^Name an SQLite file, /],
  ['a path without sqlite:', 'a.db', 'postgres://127.0.0.1:1/x', /^Name an SQLite file, /],
  [
    'a file that does not exist',
    'sqlite:none.db',
    'postgres://127.0.0.1:1/x',
    /^There is no database none\.db\.$/,
  ],
  [
    'a server that does not answer',
    'postgres://u:p@127.0.0.1:1/x',
    'sqlite:b.db',
    /^The database postgres:\/\/127\.0\.0\.1:1\/x cannot be opened: /,
  ],
])('%s is refused with one sentence', async (_, from, to, sentence) => {
  await expect(migrateStore(from, to, rules)).rejects.toThrow(sentence);
});

it('every column of every table is copied, except those that only one kind of database has', async () => {
  const [lite, full] = [await sqlite(), await postgres()];
  for (const url of [lite, full]) await (await deskAt(url)).store.close();
  const ofSqlite = inSqlite(
    lite,
    `SELECT tables.name || '.' || columns.name AS name FROM sqlite_schema AS tables,
      pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'`,
  );
  const ofPostgres = await runSql(
    full,
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = 'public'`,
  );
  const copied = TABLE_NAMES.flatMap((table) => columnsOf(table).map((name) => `${table}.${name}`));
  const migrations = ['migrations.id', 'migrations.name'];
  const namesOf = (rows: readonly Readonly<Record<string, unknown>>[]) =>
    rows.map(({ name }) => name as string).sort();
  // A slot of a copy is marked as erased again by the first run of the retention.
  const erasures = ['erasures.id', 'erasures.request', 'erasures.answer', 'slots.erased'];
  const own = [
    ...['idempotency_keys.position', 'changes.previous', 'unindexed.from_position'],
    ...['slots.indexed', 'tokens.indexed', 'tokens.last_change', ...erasures],
  ];
  const ownOfPostgres = [
    ...['changes.command_id', 'setup.id', 'slots.erased'],
    ...['webhook_leases.owner', 'webhook_leases.until', 'webhook_leases.webhook_id'],
    ...['webhook_processes.id', 'webhook_processes.until'],
  ];
  expect(namesOf(ofSqlite)).toEqual([...copied, ...migrations, ...own].sort());
  expect(namesOf(ofPostgres)).toEqual([...copied, ...migrations, ...ownOfPostgres].sort());
});
