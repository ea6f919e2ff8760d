import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AllocationEngine, DEFAULT_CLASSES, epochMs, type EpochMs } from '../engine/index.ts';
import { exportRoster, importRoster, readRoster, RosterError } from '../service/index.ts';
import { readSettings, type Settings } from '../settings.ts';
import {
  createStore,
  databaseName,
  NotDurableError,
  openDryRunStore,
  StoreOpenError,
} from '../store/index.ts';

// `npm run roster`: writes the doctors of the database in DATABASE_URL to a roster file, or brings a file's into it.

const HELP = `npm run roster -- export FILE
  Writes the doctors with their sessions, and the single slots that are open and have not ended, into a new file
  that is itself a roster; FILE - is the standard output. The service may be running.

npm run roster -- import FILE [--apply]
  Prints what the roster would change in the database, a line each, and changes nothing: a dry run, beside which the
  service may be running. With --apply it makes the changes, all of them or none; a service on SQLite must be
  stopped for it, those on PostgreSQL may be running and take the changes up within a second.

Settings come from the environment, as for npm start: DATABASE_URL, HORIZON_DAYS, SLOT_GRACE_MINUTES.
Exits with 0, or with 1 and a sentence when it cannot be done.
`;

/** What the person who started the program has to put right. */
class UsageError extends Error {}

const clock = (): EpochMs => epochMs(Date.now());

interface Command {
  readonly name: 'export' | 'import';
  readonly file: string;
  readonly isApplied: boolean;
}

/** @returns what to do; undefined when only help is asked for */
function readCommand(args: readonly string[]): Command | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const [name, file, ...more] = positionals;
  const isKnown = name === 'import' || (name === 'export' && !values.apply);
  if (!isKnown || file === undefined || more.length > 0)
    throw new UsageError(
      'Say what to do: npm run roster -- export FILE, or npm run roster -- import FILE [--apply]',
    );
  return { name, file, isApplied: values.apply };
}

function parsed(args: readonly string[]) {
  const options = {
    apply: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ options, args: [...args], allowPositionals: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = error.message] = error.message.split(/\.\s/);
    throw new UsageError(`${sentence}. --help says what there is.`);
  }
}

async function exportTo(file: string, { settings, engine }: Parts): Promise<void> {
  const store = openDryRunStore(settings.DATABASE_URL, engine);
  const text = await exportRoster(store, engine, clock()).finally(() => store.close());
  if (text === undefined)
    throw new UsageError(
      `There is no doctor in ${databaseName(settings.DATABASE_URL)}: nothing to export.`,
    );
  if (file === '-') process.stdout.write(text);
  else write(file, text);
}

function write(file: string, text: string): void {
  try {
    // Not over a file that is there: it may hold patient_types, which no database has.
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new UsageError(`The roster cannot be written: ${(error as Error).message}.`);
  }
}

async function importFrom(
  { file, isApplied }: Command,
  { settings, engine }: Parts,
): Promise<void> {
  const roster = readRoster(file);
  const { DATABASE_URL, HORIZON_DAYS: horizonDays } = settings;
  // The very same is done in both cases, but for a store that forgets it.
  const store = (isApplied ? createStore : openDryRunStore)(DATABASE_URL, engine);
  const lines = await importRoster({ engine, store, clock, horizonDays }, roster).finally(() =>
    store.close(),
  );
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (!isApplied)
    process.stderr.write('A dry run: nothing was changed. --apply makes the changes.\n');
}

interface Parts {
  readonly settings: Settings;
  readonly engine: AllocationEngine;
}

async function run(command: Command): Promise<void> {
  const given = readSettings(process.env);
  if ('faults' in given) throw new UsageError(given.faults.join('\n'));
  const { settings } = given;
  const engine = new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: settings.SLOT_GRACE_MINUTES,
    waitlistMax: settings.WAITLIST_MAX,
  });
  const parts = { settings, engine };
  await (command.name === 'export' ? exportTo(command.file, parts) : importFrom(command, parts));
}

try {
  const command = readCommand(process.argv.slice(2));
  if (command === undefined) process.stdout.write(HELP);
  else await run(command);
} catch (error) {
  const isSentence = [UsageError, RosterError, StoreOpenError, NotDurableError].some(
    (kind) => error instanceof kind,
  );
  if (!isSentence) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
