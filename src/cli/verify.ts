import { verifyDatabase } from '../audit/index.ts';
import { DEFAULT_CLASSES } from '../engine/index.ts';
import { readSettings } from '../settings.ts';
import { databaseName, StoreOpenError } from '../store/index.ts';

// `npm run verify`: replays the change records of the database in DATABASE_URL against its tables, stopped or live.

/** Faults that are told one by one. */
const FAULTS_TOLD = 20;

async function run(): Promise<boolean> {
  const given = readSettings(process.env);
  if ('faults' in given) throw new StoreOpenError(given.faults.join('\n'));
  const { DATABASE_URL, SLOT_GRACE_MINUTES } = given.settings;
  const report = await verifyDatabase(DATABASE_URL, {
    classes: DEFAULT_CLASSES,
    graceMinutes: SLOT_GRACE_MINUTES,
    waitlistMax: Infinity,
  });
  const { doctors, slots, tokens, changes, faults } = report;
  process.stdout.write(
    `${databaseName(DATABASE_URL)}: ${doctors} doctors, ${slots} slots, ${tokens} tokens, ${changes} change records\n`,
  );
  for (const fault of faults.slice(0, FAULTS_TOLD)) process.stdout.write(`  ${fault}\n`);
  process.stdout.write(faults.length === 0 ? 'clean\n' : `${faults.length} faults\n`);
  return faults.length === 0;
}

try {
  process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  if (!(error instanceof StoreOpenError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
