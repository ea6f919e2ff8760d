import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { migrate, prepareFile } from '../../src/store/sqlite/open.ts';
import { ROOT } from '../support/markdown.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { runTool } from '../support/process/tool.ts';

const FILES = readdirSync(new URL('src/store/sqlite/migrations/', ROOT)).sort();

/** A database of this version, in which this statement was then carried out. */
function databaseAfter(sql: string): string {
  const file = prepareFile(join(tempDir(), 'opd.db'));
  migrate(file);
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  return `sqlite:${file}`;
}

const adviceOn = async (url: string) => {
  const run = await runTool('src/cli/migrations.ts', [], { DATABASE_URL: url });
  expect(run.errors).toBe('');
  return { ...run, lines: run.output.trimEnd().split('\n') };
};

const FUTURE = `INSERT INTO migrations VALUES (99, '0099-future.sql')`;
const BREAKING = `INSERT INTO migrations VALUES (99, '0099-future.breaking.sql')`;

it.each<[string, string, number, RegExp]>([
  ['of this version', '', 0, /^The tables are those of this version\.$/],
  [
    'of an older version',
    `DELETE FROM migrations WHERE name > '0003' AND name NOT LIKE '%.breaking.sql'`,
    0,
    /older versions can still use them/,
  ],
  [
    'of a version before a breaking change',
    `DELETE FROM migrations WHERE id > 1`,
    0,
    /older versions cannot use them/,
  ],
  ['of a newer version', FUTURE, 0, /this version can still use them/],
  ['of a newer version that is breaking', BREAKING, 1, /this version cannot use them/],
])('tells what to do with a database %s', async (_, sql, code, advice) => {
  const url = databaseAfter(sql);
  const told = await adviceOn(url);
  expect(told.lines[0]).toBe(url);
  expect(told.lines[1]).toBe(`  ${FILES[0]}: applied`);
  expect(told.lines.at(-1)).toMatch(advice);
  expect(told.code).toBe(code);
});

it('names what is missing, and what a newer version has applied', async () => {
  const older = await adviceOn(databaseAfter('DELETE FROM migrations WHERE id > 1'));
  expect(older.lines[2]).toBe(`  ${FILES[1]}: missing`);
  const newer = await adviceOn(databaseAfter(BREAKING));
  expect(newer.output).toContain(
    '  0099-future.breaking.sql: applied by a newer version, breaking',
  );
});

it('reads a PostgreSQL database that is empty, without its password', async () => {
  const { url } = await createDatabase();
  const { lines, code, output } = await adviceOn(url);
  expect(lines.slice(1, -1).every((line) => /: missing(, breaking)?$/.test(line))).toBe(true);
  expect(code).toBe(0);
  const { password } = new URL(url);
  if (password !== '') expect(output).not.toContain(password);
});

it('refuses a database that does not exist with one sentence', async () => {
  const DATABASE_URL = `sqlite:${join(tempDir(), 'none.db')}`;
  const { code, output, errors } = await runTool('src/cli/migrations.ts', [], { DATABASE_URL });
  expect([code, output]).toEqual([1, '']);
  expect(errors).toMatch(/^There is no database .*\.\n$/);
});
