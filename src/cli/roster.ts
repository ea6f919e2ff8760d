import { writeFileSync } from 'node:fs';
import { AllocationEngine, DEFAULT_CLASSES, epochMs, type EpochMs } from '../engine/index.ts';
import { exportRoster, importRoster, readRoster, RosterError } from '../service/index.ts';
import type { Settings } from '../settings.ts';
import {
  openDatabase,
  databaseName,
  NotDurableError,
  openDryRunStore,
  StoreOpenError,
} from '../store/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { ProgramFailure, runProgram } from './program.ts';

const HELP = `npm run roster -- export FILE
  Writes the doctors with their sessions, and the single slots that are open and have not ended, into a new file
  that is itself a roster. If FILE is -, the roster is written to the standard output. The service may be running.

npm run roster -- import FILE [--apply]
  Prints what the roster would change in the database, one line for each change, and changes nothing: a dry run. The
  service may be running. With --apply it makes the changes, all of them or none. A service on SQLite must be stopped
  before; services on PostgreSQL may be running and load the changes within a second.

Settings come from the environment, as for npm start: DATABASE_URL, HORIZON_DAYS, SLOT_GRACE_MINUTES.
Exits with 0, or with 1 and a sentence when it cannot be done.
`;

const USAGE =
  'Say what to do: npm run roster -- export FILE, or npm run roster -- import FILE [--apply]; --help says more.';

const clock = (): EpochMs => epochMs(Date.now());

interface Deps {
  readonly settings: Settings;
  readonly engine: AllocationEngine;
}

function createDeps(): Deps {
  const settings = settingsFromEnvironment();
  const engine = new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: settings.SLOT_GRACE_MINUTES,
    waitlistMax: settings.WAITLIST_MAX,
  });
  return { settings, engine };
}

async function exportTo(file: string, { settings, engine }: Deps): Promise<void> {
  const store = openDryRunStore(settings.DATABASE_URL, engine);
  const text = await exportRoster(store, engine, clock()).finally(() => store.close());
  if (text === undefined)
    throw new ProgramFailure(
      `There is no doctor in ${databaseName(settings.DATABASE_URL)}: nothing to export.`,
    );
  if (file === '-') process.stdout.write(text);
  else writeNewFile(file, text);
}

function writeNewFile(file: string, text: string): void {
  try {
    // An existing file is not overwritten, because it may hold patient_types, which no database stores.
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new ProgramFailure(`The roster cannot be written: ${(error as Error).message}.`);
  }
}

async function importFrom(
  file: string,
  isApplied: boolean,
  { settings, engine }: Deps,
): Promise<void> {
  const roster = readRoster(file);
  const { DATABASE_URL, HORIZON_DAYS: horizonDays } = settings;
  // A dry run takes the same path as --apply; only its store forgets the changes.
  const store = isApplied
    ? openDatabase(DATABASE_URL, engine).store
    : openDryRunStore(DATABASE_URL, engine);
  const lines = await importRoster({ engine, store, clock, horizonDays }, roster).finally(() =>
    store.close(),
  );
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (!isApplied)
    process.stderr.write('A dry run: nothing was changed. --apply makes the changes.\n');
}

await runProgram({
  help: HELP,
  usage: USAGE,
  argumentCount: [2, 2],
  options: { apply: { type: 'boolean' } },
  failures: [RosterError, StoreOpenError, NotDurableError],
  async run({ arguments: [command, file = ''], options }) {
    const isApplied = options['apply'] === true;
    if (command === 'import') await importFrom(file, isApplied, createDeps());
    else if (command === 'export' && !isApplied) await exportTo(file, createDeps());
    else throw new ProgramFailure(USAGE);
    return 0;
  },
});
