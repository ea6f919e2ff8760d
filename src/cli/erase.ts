import {
  AllocationEngine,
  DEFAULT_CLASSES,
  epochMs,
  patientId,
  type EpochMs,
} from '../engine/index.ts';
import { Eraser, isOver, load, type ErasedPatient } from '../service/index.ts';
import type { Settings } from '../settings.ts';
import {
  askOwner,
  DatabaseInUseError,
  databaseName,
  findNaming,
  isSqlite,
  NotDurableError,
  openDatabase,
  rewriteFile,
  StoreOpenError,
  type ErasureRequest,
} from '../store/index.ts';
import { settingsFromEnvironment } from './environment.ts';
import { ProgramFailure, runProgram } from './program.ts';

const HELP = `npm run -s erase -- --patient ID [--apply] [--rewrite]
  Says which tokens of a patient the database that DATABASE_URL names has, and erases nothing: a dry run. With --apply
  it erases the name and the id of the patient from every token whose day is over, from the change records and from
  the stored responses. Numbers, times, statuses and the records stay.

  A token whose slot is not over, or was not over four hours ago, is left and named by its id, also a cancelled one,
  because an undo can bring it back until then. Cancel it if the patient does not come, and run the program again when
  its day is over.

  The service may be running. On SQLite the running service erases, and the program waits for it.
  --rewrite also writes an SQLite file anew, without what earlier versions of this program have left in it. The service
  must be stopped for it, and the folder needs as much free space again as the file has.

Tokens that were booked without the id of the patient are not found. Backups and logs of PostgreSQL are not touched.
Settings come from the environment, as for npm start: DATABASE_URL, SLOT_GRACE_MINUTES.
Exits with 0 when nothing is left or it was a dry run, with 2 when something was left, and with 1 and a sentence when
it cannot be done.
`;

const USAGE = 'Say whom to erase: npm run -s erase -- --patient ID [--apply]; --help says more.';
/** The exit code when the patient has tokens whose day is not over. */
const EXIT_CODE_LEFT = 2;
/** Milliseconds in which a running service must answer. */
const ANSWER_MS = 60_000;

const clock = (): EpochMs => epochMs(Date.now());

const createEngine = (settings: Settings): AllocationEngine =>
  new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: settings.SLOT_GRACE_MINUTES,
    waitlistMax: settings.WAITLIST_MAX,
  });

/** Erases in this process, which owns the database file or is one more process on PostgreSQL. */
async function eraseHere(settings: Settings, request: ErasureRequest): Promise<ErasedPatient> {
  const engine = createEngine(settings);
  const { store, erasures } = openDatabase(settings.DATABASE_URL, engine);
  try {
    await load(store, clock);
    const eraser = new Eraser({ engine, store, erasures, clock, retentionDays: null });
    const erased = await eraser.erasePatient(request);
    await erasures.clean();
    return erased;
  } finally {
    await store.close();
  }
}

async function eraseOf(
  settings: Settings,
  request: ErasureRequest,
  isRewritten: boolean,
): Promise<ErasedPatient> {
  try {
    return await eraseHere(settings, request);
  } catch (error) {
    // Only its owner may write a file anew.
    if (isRewritten || !(error instanceof DatabaseInUseError)) throw error;
    const answer = await askOwner(settings.DATABASE_URL, request, ANSWER_MS);
    if (answer !== undefined) return JSON.parse(answer) as ErasedPatient;
    throw new ProgramFailure(
      `The process that uses ${databaseName(settings.DATABASE_URL)} did not answer in ${ANSWER_MS / 1_000} seconds. It may have erased some tokens: run the program again when the service is ready.`,
    );
  }
}

/** What a run would erase, by the same condition. */
function planOf(settings: Settings, { tokens }: ErasureRequest): ErasedPatient {
  const engine = createEngine(settings);
  const now = clock();
  const current = tokens.filter(({ isCurrent }) => isCurrent);
  const [over, left] = [true, false].map((is) =>
    current.filter(({ slot, timeZone }) => isOver(engine, slot, timeZone, now) === is),
  );
  const done = [...(over ?? []), ...tokens.filter(({ isCurrent }) => !isCurrent)];
  return {
    tokens: (over ?? []).map(({ tokenId }) => tokenId),
    records: done.reduce((sum, { records }) => sum + records, 0),
    responses: 0,
    left: (left ?? []).map(({ tokenId }) => tokenId),
  };
}

const counted = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? '' : 's'}`;

function report(erased: ErasedPatient, isApplied: boolean): void {
  const { tokens, records, responses, left } = erased;
  const parts = [counted(tokens.length, 'token'), counted(records, 'change record')];
  if (isApplied) parts.push(counted(responses, 'stored response'));
  process.stdout.write(`${isApplied ? 'Erased' : 'Would erase'}: ${parts.join(', ')}.\n`);
  for (const id of tokens) process.stdout.write(`  ${id}\n`);
  if (left.length > 0)
    process.stdout.write(`Left, because the day is not over: ${counted(left.length, 'token')}.\n`);
  for (const id of left) process.stdout.write(`  ${id}\n`);
  if (!isApplied) process.stderr.write('A dry run: nothing was erased. --apply erases.\n');
}

await runProgram({
  help: HELP,
  usage: USAGE,
  argumentCount: [0, 0],
  options: {
    patient: { type: 'string' },
    apply: { type: 'boolean' },
    rewrite: { type: 'boolean' },
  },
  failures: [StoreOpenError, NotDurableError],
  async run({ options }) {
    const given = String(options['patient'] ?? '').normalize('NFC');
    // The id is not repeated, because the output may go to a log.
    if (given.trim() === '') throw new ProgramFailure(USAGE);
    const isApplied = options['apply'] === true;
    const isRewritten = options['rewrite'] === true;
    const settings = settingsFromEnvironment();
    if (isRewritten && !(isApplied && isSqlite(settings.DATABASE_URL)))
      throw new ProgramFailure('--rewrite needs --apply and an SQLite database.');
    const id = patientId(given);
    const tokens = await findNaming(settings.DATABASE_URL, id);
    const request = { patientId: id, tokens };
    const erased = isApplied
      ? await eraseOf(settings, request, isRewritten)
      : planOf(settings, request);
    if (isRewritten) rewriteFile(settings.DATABASE_URL);
    report(erased, isApplied);
    return isApplied && erased.left.length > 0 ? EXIT_CODE_LEFT : 0;
  },
});
