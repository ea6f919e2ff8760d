import { verifyDatabase } from '../audit/index.ts';
import { DEFAULT_CLASSES } from '../engine/index.ts';
import { databaseName, StoreOpenError } from '../store/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { runProgram } from './program.ts';

/** Faults that are printed one by one; of more faults only the number is printed. */
const FAULTS_PRINTED_MAX = 20;

const HELP = `npm run verify
  Replays all change records of the database that DATABASE_URL names, checks on the way that each change follows the
  rules, and compares the result with the tables, row by row. The service may be running. Nothing is changed.

Prints what it has read, then "clean", or the first ${FAULTS_PRINTED_MAX} faults and how many there are.
Exits with 0 when the database is clean, with 1 when it has faults, and with 1 and a sentence when it cannot be read.
`;

await runProgram({
  help: HELP,
  usage: 'npm run verify takes no argument; --help says what it does.',
  argumentCount: [0, 0],
  failures: [StoreOpenError],
  async run() {
    const { DATABASE_URL, SLOT_GRACE_MINUTES } = settingsFromEnvironment();
    const report = await verifyDatabase(DATABASE_URL, {
      classes: DEFAULT_CLASSES,
      graceMinutes: SLOT_GRACE_MINUTES,
      waitlistMax: Infinity,
    });
    const { doctors, slots, tokens, changes, faults } = report;
    process.stdout.write(
      `${databaseName(DATABASE_URL)}: ${doctors} doctors, ${slots} slots, ${tokens} tokens, ${changes} change records\n`,
    );
    for (const fault of faults.slice(0, FAULTS_PRINTED_MAX)) process.stdout.write(`  ${fault}\n`);
    process.stdout.write(faults.length === 0 ? 'clean\n' : `${faults.length} faults\n`);
    return faults.length === 0 ? 0 : 1;
  },
});
