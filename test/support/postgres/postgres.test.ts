import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import postgres from 'postgres';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';
import { createDatabase, ownServer } from './postgres.ts';
import { runSql } from '../store/run-sql.ts';

/** A process that starts a server, prints its URL and data directory, and does not end by itself. */
const PARENT_SCRIPT = `
  import { PostgresServer } from '${new URL('postgres-server.ts', import.meta.url).href}';
  import { runSql } from '${new URL('../store/run-sql.ts', import.meta.url).href}';
  const { superuserUrl } = await PostgresServer.start();
  const [row] = await runSql(superuserUrl, 'SHOW data_directory');
  console.log(JSON.stringify({ url: superuserUrl, data: row.data_directory }));
`;

describe('a database', () => {
  it('is new and empty at each request, on one server for all requests', async () => {
    const [one, other] = await Promise.all([createDatabase(), createDatabase()]);
    await runSql(one.url, 'CREATE TABLE kept (id int)');
    const tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`;
    expect(await runSql(one.url, tables)).toEqual([{ table_name: 'kept' }]);
    expect(await runSql(other.url, tables)).toEqual([]);
    expect(new URL(one.url).host).toBe(new URL(other.url).host);
  });

  it('is dropped although a session is still open', async () => {
    const { url, drop } = await createDatabase();
    const session = postgres(url, { max: 1 });
    onTestFinished(() => session.end());
    await session`SELECT 1`;
    await drop();
    await expect(runSql(url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
    await drop();
  });
});

describe('a server of its own', () => {
  it('has all committed rows after a stop and a start, also after a crash', async () => {
    const server = await ownServer();
    const { url } = server;
    await runSql(url, 'CREATE TABLE kept (id int)');
    for (const mode of ['fast', 'immediate'] as const) {
      await runSql(url, 'INSERT INTO kept VALUES (1)');
      await server.stop(mode);
      await expect(runSql(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await server.start();
    }
    expect(await runSql(url, 'SELECT id FROM kept')).toEqual([{ id: 1 }, { id: 1 }]);
    expect(server.log.match(/automatic recovery in progress/g)).toHaveLength(1);
  });

  it('applies settings, and accepts a superuser when all other connections are in use', async () => {
    const server = await ownServer({ max_connections: 5 });
    const pool = postgres(server.url, { max: 2 });
    onTestFinished(() => pool.end());
    await Promise.all([pool`SELECT pg_sleep(0.05)`, pool`SELECT pg_sleep(0.05)`]);
    await expect(runSql(server.url, 'SELECT 1')).rejects.toMatchObject({ code: '53300' });
    const sessions = `SELECT DISTINCT usename FROM pg_stat_activity WHERE backend_type = 'client backend'`;
    expect(await runSql(server.superuserUrl, sessions)).toEqual(
      expect.arrayContaining([{ usename: 'opd' }, { usename: 'postgres' }]),
    );
  });

  it('sorts text differently from JavaScript', async () => {
    const { url } = await ownServer();
    const sorted = `SELECT name FROM (VALUES ('a'), ('B'), ('_')) AS t (name) ORDER BY name`;
    expect((await runSql(url, sorted)).map(({ name }) => name)).toEqual(['_', 'a', 'B']);
  });

  it('reports why it does not start', async () => {
    await expect(ownServer({ max_connections: 'many' })).rejects.toThrow(/max_connections/);
  });

  it('ends and removes its files when the process that started it is killed', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT_SCRIPT], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    parent.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    await eventually(() => printed.endsWith('\n'));
    const { url, data } = JSON.parse(printed) as { url: string; data: string };
    expect(existsSync(data)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => !existsSync(dirname(data)));
    await expect(runSql(url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
