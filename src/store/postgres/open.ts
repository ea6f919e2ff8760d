import { readdirSync, readFileSync } from 'node:fs';
import { StoreOpenError } from '../store.ts';
import { nameOf, openError } from './errors.ts';
import { Session } from './session.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);
/** Names the lock under which processes that start together migrate one after another: 'OPDT'. */
const LOCK = 0x4f504454;

/** The migrations there are, in their order: as many as a current database has had applied. */
const migrationFiles = (): string[] => readdirSync(MIGRATIONS).sort();

/**
 * Brings the tables of a database up to this program's version, whichever of several processes comes first.
 * @throws StoreOpenError when it cannot be reached, is not ours or is newer than the program
 */
export function migrate(url: string): Promise<void> {
  return inTransaction(url, 'BEGIN', async (session) => {
    await session.send(`SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0`);
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
  });
}

/**
 * Hands over one consistent view of a database, stopped or live, in which nothing can be written.
 * @throws StoreOpenError when it cannot be reached, is not ours or of another version
 */
export function lookInto<T>(url: string, look: (session: Session) => Promise<T>): Promise<T> {
  return inTransaction(url, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async (session) => {
    await session.send(
      `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`,
    );
    const missing = migrationFiles().length - (await appliedMigrations(session, url));
    if (missing !== 0)
      throw new StoreOpenError(
        missing > 0
          ? `The database ${nameOf(url)} is empty or of an older version of this program: start this one on it first.`
          : `The database ${nameOf(url)} was written by a newer version of this program: use that one.`,
      );
    return look(session);
  });
}

async function inTransaction<T>(
  url: string,
  begin: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = new Session(url);
  try {
    await session.send(begin);
    const result = await work(session);
    await session.send('COMMIT');
    return result;
  } catch (error) {
    throw openError(url, error);
  } finally {
    await session.close();
  }
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
