import { parseArgs } from 'node:util';
import { DEFAULT_CLASSES } from '../engine/index.ts';
import { readSettings } from '../settings.ts';
import { databaseName, StoreOpenError } from '../store/index.ts';
import { migrateStore } from '../transfer/index.ts';

// `npm run migrate-store -- FROM TO`: copies a stopped database into one of the other kind.

const HELP = `npm run migrate-store -- FROM TO
  Copies all that is kept in an SQLite file into an empty PostgreSQL database, or from PostgreSQL into a new SQLite
  file: sqlite:data/opd.db and postgres://USER@HOST:5432/DATABASE. The password is best set as PGPASSWORD, for a
  command line is seen by others. Both must be stopped: it is refused while a process is connected to either.

  Whatever is kept is copied, row by row, in one transaction: doctors, sessions, slots, days, tokens, all change
  records with their order, and the answers kept for repeats of requests. Before it counts, the copy is read back and
  compared, and both are verified as by npm run verify. FROM is not changed; TO is as it was unless all went well.

Prints how many rows each table has. Exits with 0, or with 1 and a sentence when it cannot be done.
`;

/** @returns from where and whereto; undefined when only help is asked for */
function readCommand(args: string[]): readonly [from: string, to: string] | undefined {
  try {
    const options = { help: { type: 'boolean', default: false } } as const;
    const { values, positionals } = parseArgs({ options, args, allowPositionals: true });
    if (values.help) return undefined;
    const [from, to, ...more] = positionals;
    if (from !== undefined && to !== undefined && more.length === 0) return [from, to];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new StoreOpenError(
    'Name two databases: npm run migrate-store -- FROM TO; --help says how.',
  );
}

async function run(from: string, to: string): Promise<void> {
  const given = readSettings(process.env);
  if ('faults' in given) throw new StoreOpenError(given.faults.join('\n'));
  const tables = await migrateStore(from, to, {
    classes: DEFAULT_CLASSES,
    graceMinutes: given.settings.SLOT_GRACE_MINUTES,
    waitlistMax: Infinity,
  });
  for (const [table, rows] of tables) process.stdout.write(`${table}: ${rows} rows\n`);
  process.stdout.write(
    `${databaseName(from)} is copied to ${databaseName(to)}: every row is the same, and both are clean.\n`,
  );
}

try {
  const command = readCommand(process.argv.slice(2));
  if (command === undefined) process.stdout.write(HELP);
  else await run(...command);
} catch (error) {
  if (!(error instanceof StoreOpenError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
