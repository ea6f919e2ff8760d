import {
  databaseName,
  isBreaking,
  isUsable,
  missingIn,
  readMigrations,
  StoreOpenError,
  unknownIn,
  type Migrations,
} from '../store/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { runProgram } from './program.ts';

const HELP = `npm run migrations
  Compares the tables of the database that DATABASE_URL names with this version of the program: which migrations it has
  had, which ones the next start of this version applies, and whether older versions can use the tables after that. A
  migration is breaking when they cannot. The service may be running. Nothing is changed.

Exits with 0, with 1 when this version cannot use the database, and with 1 and a sentence when it cannot be read.
`;

/** One line for each migration: whether the database has had it, and whether it is breaking. */
function linesOf({ known, applied }: Migrations): string[] {
  const all = [...new Set([...known, ...applied])];
  return all.map((name) => {
    const state = applied.includes(name)
      ? known.includes(name)
        ? 'applied'
        : 'applied by a newer version'
      : 'missing';
    return `  ${name}: ${state}${isBreaking(name) ? ', breaking' : ''}`;
  });
}

/** What an administrator may do now. */
function adviceOf(migrations: Migrations): string {
  const missing = missingIn(migrations);
  if (!isUsable(migrations))
    return 'A newer version has changed the tables so that this version cannot use them. Start the newer version, or restore a backup from before.';
  if (missing.some(isBreaking))
    return 'The next start of this version changes the tables so that older versions cannot use them. Stop all processes on this database and back it up before. The backup is the only way back.';
  if (missing.length > 0)
    return 'The next start of this version changes the tables, and older versions can still use them. Older processes may run on, and if their version is later than 1.3.0, they may be started again.';
  return unknownIn(migrations).length > 0
    ? 'A newer version has changed the tables, and this version can still use them.'
    : 'The tables are those of this version.';
}

await runProgram({
  help: HELP,
  usage: 'npm run migrations takes no argument; --help says what it does.',
  argumentCount: [0, 0],
  failures: [StoreOpenError],
  async run() {
    const { DATABASE_URL } = settingsFromEnvironment();
    const migrations = await readMigrations(DATABASE_URL);
    const lines = [databaseName(DATABASE_URL), ...linesOf(migrations), adviceOf(migrations)];
    process.stdout.write(`${lines.join('\n')}\n`);
    return isUsable(migrations) ? 0 : 1;
  },
});
