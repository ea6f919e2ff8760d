import { DEFAULT_CLASSES } from '../engine/index.ts';
import { databaseName, StoreOpenError } from '../store/index.ts';
import { migrateStore } from '../transfer/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { runProgram } from './program.ts';

const HELP = `npm run migrate-store -- FROM TO
  Copies an SQLite file into an empty PostgreSQL database, or a PostgreSQL database into a new SQLite file. FROM and TO
  are written like DATABASE_URL: sqlite:data/opd.db and postgres://USER@HOST:5432/DATABASE. Set the password as
  PGPASSWORD, because other users of the machine can read a command line. Stop the service first: the copy is refused
  while a process is connected to either database.

  Everything is copied in one transaction, row by row: doctors, sessions, slots, days, tokens, all change records in
  their order, the stored responses to requests with an Idempotency-Key, and the access keys. Before the copy is committed
  it is read back and compared, and both databases are verified as by npm run verify. FROM is not changed. TO stays as it was
  unless every step succeeds.

Prints how many rows each table has.
Exits with 0, or with 1 and a sentence when the copy cannot be made.
`;

await runProgram({
  help: HELP,
  usage: 'Name two databases: npm run migrate-store -- FROM TO; --help says how.',
  argumentCount: [2, 2],
  failures: [StoreOpenError],
  async run({ arguments: [from = '', to = ''] }) {
    const { SLOT_GRACE_MINUTES } = settingsFromEnvironment();
    const tables = await migrateStore(from, to, {
      classes: DEFAULT_CLASSES,
      graceMinutes: SLOT_GRACE_MINUTES,
      waitlistMax: Infinity,
    });
    for (const [table, rows] of tables) process.stdout.write(`${table}: ${rows} rows\n`);
    process.stdout.write(
      `${databaseName(from)} is copied to ${databaseName(to)}: every row is the same, and both are clean.\n`,
    );
    return 0;
  },
});
