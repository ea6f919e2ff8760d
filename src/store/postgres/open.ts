import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isUsable, missingIn, unknownIn, type Migrations } from '../migrations.ts';
import { StoreOpenError } from '../store.ts';
import { nameOf, openError } from './errors.ts';
import { Servers } from './servers.ts';
import { Session } from './session.ts';
import { ReadTransaction } from './read-transaction.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);
/** The id of the lock that lets processes that start at once migrate one after another: 'OPDT' in ASCII. */
const MIGRATION_LOCK_ID = 0x4f504454;

/** Statements on whole tables have no time limit, because their time depends on the size of the database. */
const WITHOUT_TIMEOUTS = `SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
  SET LOCAL idle_in_transaction_session_timeout = 0`;

/** Milliseconds within which the server notices that a process has ended and closes its connections. */
const DISCONNECT_TIMEOUT_MS = 2_000;
/** Milliseconds between two counts of the connections. */
const DISCONNECT_POLL_MS = 50;

/**
 * Migrates the tables of a database to this program's version. When several processes start at once, one migrates and
 * the others wait.
 * @throws StoreOpenError when the database cannot be reached, belongs to another program or is newer than this program
 */
export async function migrate(url: string): Promise<void> {
  const transaction = await connect(url, (session) => beginMigrated(session, url));
  try {
    await transaction.commit();
  } finally {
    await transaction.close();
  }
}

/**
 * Reads the migrations of a database, stopped or live.
 * @throws StoreOpenError when the database cannot be reached or belongs to another program
 */
export const readMigrations = (url: string): Promise<Migrations> =>
  connect(url, async (session) => {
    const migrations = await migrationsOf(session, url);
    await session.close();
    return migrations;
  });

/**
 * Opens a read-only snapshot of a database, stopped or live. Returns undefined when the database is empty.
 * @throws StoreOpenError when the database cannot be reached, belongs to another program or has another version
 */
export const openForReading = (url: string): Promise<ReadTransaction | undefined> =>
  connect(url, async (session) => {
    const transaction = await beginReading(session, url);
    if (transaction === undefined) await session.close();
    return transaction;
  });

/**
 * Opens a read-only snapshot of a database that is not empty.
 * @throws StoreOpenError like `openForReading`, and when the database is empty
 */
export const openStored = (url: string): Promise<ReadTransaction> =>
  connect(url, (session) => beginReadingStored(session, url));

/**
 * Opens a read-only snapshot of a database that no process of this program uses. A process that starts meanwhile waits.
 * @throws StoreOpenError like `openStored`, and when a process uses the database
 */
export const openAlone = (url: string): Promise<ReadTransaction> =>
  connect(url, async (session) => {
    await assertUnused(session, url);
    return beginReadingStored(session, url);
  });

/**
 * Begins a transaction on a database that no process of this program uses and whose tables are empty; it migrates the
 * tables first.
 * @param tables that must be empty
 * @throws StoreOpenError when a process uses the database, a table has rows, or as `migrate` does
 */
export const openEmpty = (url: string, tables: readonly string[]): Promise<ReadTransaction> =>
  connect(url, async (session) => {
    await assertUnused(session, url);
    const transaction = await beginMigrated(session, url);
    const rows = tables.map((table) => `EXISTS (SELECT FROM ${table})`);
    const [facts] = await transaction.send(`SELECT ${rows.join(' OR ')} AS has_rows`);
    if (facts?.['has_rows'] === false) return transaction;
    throw new StoreOpenError(`The database ${nameOf(url)} has rows in it: name an empty one.`);
  });

/**
 * Opens a connection to a database of this program's version. An empty database gets its tables.
 * @throws StoreOpenError when the database cannot be reached, or belongs to another program or version
 */
export const openForKeys = (url: string): Promise<ReadTransaction> =>
  connect(url, async (session) => {
    const { applied } = await migrationsOf(session, url);
    if (applied.length === 0) await (await beginMigrated(session, url)).commit();
    await (await beginReadingStored(session, url)).commit();
    return new ReadTransaction(session, url);
  });

/** Calls `begin` with a session on the primary: each server of the URL is tried until a session is open. */
async function connect<T>(url: string, begin: (session: Session) => Promise<T>): Promise<T> {
  const servers = new Servers(url);
  for (let left = servers.count - 1; ; left -= 1) {
    const session = sessionAt(servers);
    try {
      return await begin(session);
    } catch (error) {
      await session.close();
      if (session.isOpen || left === 0) throw openError(url, error);
    }
  }
}

/** @throws StoreOpenError that quotes nothing of the URL, because the invalid part may be the password */
function sessionAt(servers: Servers): Session {
  try {
    // A statement on whole tables may take longer than any response timeout.
    return new Session(servers, { responseTimeoutMs: 0 });
  } catch {
    throw new StoreOpenError(
      'The URL of the PostgreSQL database is not valid: in a user name or password, / is written as %2F, @ as %40, % as %25.',
    );
  }
}

/**
 * Checks that no process of this program is connected to the database. The migration lock keeps others from starting
 * until the session ends.
 * @throws StoreOpenError when a process stays connected
 */
async function assertUnused(session: Session, url: string): Promise<void> {
  await session.send(`SELECT pg_advisory_lock(${MIGRATION_LOCK_ID})`);
  const deadlineMs = performance.now() + DISCONNECT_TIMEOUT_MS;
  for (;;) {
    const [others] = await session.send(`SELECT count(*) AS connections FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name = current_setting('application_name')`);
    const connections = others?.['connections'] as number;
    if (connections === 0) return;
    if (performance.now() > deadlineMs)
      throw new StoreOpenError(
        `The database ${nameOf(url)} is in use, with ${connections} connections: stop all processes on it first.`,
      );
    await delay(DISCONNECT_POLL_MS);
  }
}

/** Begins a transaction in which the tables have this program's version. */
async function beginMigrated(session: Session, url: string): Promise<ReadTransaction> {
  await session.send(`BEGIN; ${WITHOUT_TIMEOUTS}`);
  await session.send(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK_ID})`);
  const migrations = await migrationsOf(session, url);
  if (!isUsable(migrations))
    throw new StoreOpenError(
      `The database ${nameOf(url)} was written by a newer version of this program: start that one.`,
    );
  if (migrations.applied.length === 0)
    await session.send('CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
  for (const name of missingIn(migrations)) {
    const id = migrations.known.indexOf(name) + 1;
    await session.send('INSERT INTO migrations VALUES ($1, $2)', [id, name]);
    await session.send(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  }
  return new ReadTransaction(session, url);
}

/** Begins a read-only transaction; undefined when the database is empty. */
async function beginReading(session: Session, url: string): Promise<ReadTransaction | undefined> {
  await session.send(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${WITHOUT_TIMEOUTS}`);
  const migrations = await migrationsOf(session, url);
  if (migrations.applied.length === 0) return undefined;
  const isOlder = missingIn(migrations).length > 0;
  if (!isOlder && unknownIn(migrations).length === 0) return new ReadTransaction(session, url);
  throw new StoreOpenError(
    isOlder
      ? `The database ${nameOf(url)} was written by an older version of this program: start this one on it first.`
      : `The database ${nameOf(url)} was written by a newer version of this program: use that one.`,
  );
}

async function beginReadingStored(session: Session, url: string): Promise<ReadTransaction> {
  const transaction = await beginReading(session, url);
  if (transaction !== undefined) return transaction;
  throw new StoreOpenError(
    `The database ${nameOf(url)} is empty: it is not a database of this program.`,
  );
}

/**
 * The migrations of this program and of a database. None is applied to an empty database.
 * @throws StoreOpenError when the database does not store text as UTF8, or belongs to another program
 */
async function migrationsOf(session: Session, url: string): Promise<Migrations> {
  const known = readdirSync(MIGRATIONS).sort();
  const [facts] = await session.send(`SELECT current_setting('server_encoding') AS encoding,
    to_regclass('migrations') IS NOT NULL AS has_migrations,
    EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema()) AS has_tables`);
  if (facts?.['encoding'] !== 'UTF8')
    throw new StoreOpenError(
      `The database ${nameOf(url)} does not store text as UTF8: create it with the encoding UTF8.`,
    );
  if (facts['has_tables'] !== true) return { known, applied: [] };
  const rows =
    facts['has_migrations'] === true
      ? await session.send('SELECT * FROM migrations ORDER BY id')
      : [];
  const applied = rows.map(({ name }) => String(name));
  if (applied[0] === known[0]) return { known, applied };
  throw new StoreOpenError(
    `The database ${nameOf(url)} belongs to another program: name another one in DATABASE_URL.`,
  );
}
