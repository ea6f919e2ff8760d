import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreOpenError } from '../store.ts';
import { nameOf, openError } from './errors.ts';
import { Session } from './session.ts';
import { ReadTransaction } from './read-transaction.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);
/** Names the lock under which processes that start together migrate one after another: 'OPDT'. */
const LOCK = 0x4f504454;

/** What goes over whole tables takes as long as it does. */
const WITHOUT_TIMEOUTS = `SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
  SET LOCAL idle_in_transaction_session_timeout = 0`;

/** Milliseconds for the connections of a process that has just ended to end too, and between two looks. */
const LEAVING_MS = 2_000;
const LOOK_MS = 50;

/** The migrations there are, in their order: as many as a current database has had applied. */
const migrationFiles = (): string[] => readdirSync(MIGRATIONS).sort();

/**
 * Brings the tables of a database up to this program's version, whichever of several processes comes first.
 * @throws StoreOpenError when it cannot be reached, is not ours or is newer than the program
 */
export async function migrate(url: string): Promise<void> {
  const view = await connect(url, (session) => beginUpToDate(session, url));
  try {
    await view.commit();
  } finally {
    await view.close();
  }
}

/**
 * One consistent view of a database, stopped or live, in which nothing can be written; undefined when it is empty.
 * @throws StoreOpenError when it cannot be reached, is not ours or of another version
 */
export const openForReading = (url: string): Promise<ReadTransaction | undefined> =>
  connect(url, async (session) => {
    const view = await beginReading(session, url);
    if (view === undefined) await session.close();
    return view;
  });

/**
 * As above.
 * @throws StoreOpenError as above, and when it is empty
 */
export const openStored = (url: string): Promise<ReadTransaction> =>
  connect(url, (session) => beginReadingKept(session, url));

/**
 * As above, while no process of this program has anything to do with the database.
 * @throws StoreOpenError as above, and when one has
 */
export const openAlone = (url: string): Promise<ReadTransaction> =>
  connect(url, async (session) => {
    await assertUnused(session, url);
    return beginReadingKept(session, url);
  });

/**
 * Begins a transaction in which the tables are this program's, there is nothing in these, and no other process of it
 * has anything to do with the database.
 * @throws StoreOpenError when it is not so, it cannot be reached, is not ours or is newer than the program
 */
export const openEmpty = (url: string, tables: readonly string[]): Promise<ReadTransaction> =>
  connect(url, async (session) => {
    await assertUnused(session, url);
    const view = await beginUpToDate(session, url);
    const rows = tables.map((table) => `EXISTS (SELECT FROM ${table})`);
    const [facts] = await view.send(`SELECT ${rows.join(' OR ')} AS is_full`);
    if (facts?.['is_full'] === false) return view;
    throw new StoreOpenError(`The database ${nameOf(url)} has rows in it: name an empty one.`);
  });

async function connect<T>(url: string, begin: (session: Session) => Promise<T>): Promise<T> {
  const session = sessionAt(url);
  try {
    return await begin(session);
  } catch (error) {
    await session.close();
    throw openError(url, error);
  }
}

/** @throws StoreOpenError that does not say what is in the URL: it may be a password */
function sessionAt(url: string): Session {
  try {
    return new Session(url, 0);
  } catch {
    throw new StoreOpenError(
      'The URL of the PostgreSQL database is not valid: in a user name or password, / is written as %2F, @ as %40, % as %25.',
    );
  }
}

/** Makes sure that no process is at work on a database, and that none begins to be before this session ends. */
async function assertUnused(session: Session, url: string): Promise<void> {
  await session.send(`SELECT pg_advisory_lock(${LOCK})`);
  const until = performance.now() + LEAVING_MS;
  for (;;) {
    const [others] = await session.send(`SELECT count(*) AS connections FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND application_name = current_setting('application_name')`);
    const connections = others?.['connections'] as number;
    if (connections === 0) return;
    if (performance.now() > until)
      throw new StoreOpenError(
        `The database ${nameOf(url)} is in use, with ${connections} connections: stop all processes on it first.`,
      );
    await delay(LOOK_MS);
  }
}

async function beginUpToDate(session: Session, url: string): Promise<ReadTransaction> {
  await session.send(`BEGIN; ${WITHOUT_TIMEOUTS}`);
  await session.send(`SELECT pg_advisory_xact_lock(${LOCK})`);
  const files = migrationFiles();
  const applied = await appliedMigrations(session, url);
  if (applied > files.length)
    throw new StoreOpenError(
      `The database ${nameOf(url)} was written by a newer version of this program: start that one.`,
    );
  if (applied === 0)
    await session.send('CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
  for (const [index, name] of files.entries()) {
    if (index < applied) continue;
    await session.send('INSERT INTO migrations VALUES ($1, $2)', [index + 1, name]);
    await session.send(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  }
  return new ReadTransaction(session, url);
}

async function beginReading(session: Session, url: string): Promise<ReadTransaction | undefined> {
  await session.send(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${WITHOUT_TIMEOUTS}`);
  const applied = await appliedMigrations(session, url);
  if (applied === 0) return undefined;
  const missing = migrationFiles().length - applied;
  if (missing === 0) return new ReadTransaction(session, url);
  throw new StoreOpenError(
    missing > 0
      ? `The database ${nameOf(url)} was written by an older version of this program: start this one on it first.`
      : `The database ${nameOf(url)} was written by a newer version of this program: use that one.`,
  );
}

async function beginReadingKept(session: Session, url: string): Promise<ReadTransaction> {
  const view = await beginReading(session, url);
  if (view !== undefined) return view;
  throw new StoreOpenError(
    `The database ${nameOf(url)} is empty: it is not a database of this program.`,
  );
}

/** How many migrations a database has had applied; 0 when it is empty. */
async function appliedMigrations(session: Session, url: string): Promise<number> {
  const [facts] = await session.send(`SELECT current_setting('server_encoding') AS encoding,
    to_regclass('migrations') IS NOT NULL AS has_migrations,
    EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema()) AS has_tables`);
  if (facts?.['encoding'] !== 'UTF8')
    throw new StoreOpenError(`The database ${nameOf(url)} is not one for UTF8 text.`);
  if (facts['has_tables'] !== true) return 0;
  const names =
    facts['has_migrations'] === true ? await session.send('SELECT * FROM migrations') : [];
  if (names.some(({ name }) => name === migrationFiles()[0])) return names.length;
  throw new StoreOpenError(
    `The database ${nameOf(url)} belongs to another program: name another one in DATABASE_URL.`,
  );
}
