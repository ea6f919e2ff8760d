import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from '../lib/client.ts';
import { Random } from '../lib/random.ts';
import { startServer } from '../lib/server.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, runTool, seedOf, serverUrl, wholeNumber, type Values } from '../lib/tool.ts';
import { Violations, reportViolations } from '../lib/violations.ts';
import { AnswerChecks } from './answer-checks.ts';
import { Audit } from './audit.ts';
import { openClinic } from './clinic.ts';
import { checkDayReports } from './day-report.ts';
import { runPhase, Day } from './day.ts';
import { FrontDesk } from './desk.ts';
import { DoctorDesk } from './doctor-desk.ts';
import { HospitalRecord } from './hospital-record.ts';
import { Ledger } from './ledger.ts';
import type { Phase } from './patients.ts';
import { readBack } from './read-back.ts';
import { ReferenceModel, ReferenceSlot } from './reference-model.ts';
import { boardLines, summaryLines } from './report.ts';
import { SlotDesk } from './slot-desk.ts';
import { VisitDesk } from './visit-desk.ts';

const HELP = `npm run simulate -- [options]

Simulates an outpatient day of three doctors: a morning rush of concurrent bookings of all classes, full slots with
waitlists, emergencies, cancellations, check-ins, no-shows, consultations in one or two rooms with several desks at the same
time, patients who are skipped, changes that are taken back, moves and changes of class, late doctors, more and fewer
seats, slots that take nobody new or emergencies only, breaks, closed and reopened slots, leaves, and wrong requests. Checks every answer, every change
record and every slot against the rules. Prints the final board and a summary, each with a legend, and the number of
violations (expected: 0). Exits with 1 when there is a violation.

  --url URL           a running server; without it, a server is started on a temporary SQLite file
  --key SECRET        an access key of an administrator, if the running server needs one
  --seed N            repeats the choices of a run, but not the order of its concurrent requests
  --patients N        about how many patients the day has (180)
  --concurrency N     requests in flight at the same time (32)
  --help              prints this text
  --version           prints the version`;

/** Lines of progress that a phase writes at most on a terminal. */
const STEPS = 50;

const options = {
  url: { type: 'string' },
  key: { type: 'string' },
  seed: { type: 'string' },
  patients: { type: 'string', default: '180' },
  concurrency: { type: 'string', default: '32' },
} as const;

/**
 * Reads the values of the options.
 * @throws ToolError that names the option with a wrong value
 */
function checked({ url, key, seed, patients, concurrency }: Values<typeof options>) {
  return {
    url: url === undefined ? undefined : serverUrl(url),
    key,
    seed: seedOf(seed),
    patients: wholeNumber('patients', patients, 1, 100_000),
    concurrency: wholeNumber('concurrency', concurrency, 1, 1_000),
  };
}

async function run(values: Values<typeof options>): Promise<number> {
  const given = checked(values);
  const directory = temporaryDirectory();
  const settings = { DATABASE_URL: `sqlite:${join(directory.path, 'simulation.db')}` };
  const server = given.url === undefined ? await startServer(settings) : undefined;
  // A booking that is sent twice at the same time needs two connections.
  const client = new Client(given.url ?? server?.url ?? '', given.concurrency * 2, given.key);
  const violations = new Violations();
  try {
    return await reportViolations(violations, () => simulate(client, given, violations));
  } finally {
    client.close();
    await server?.stop();
    directory.remove();
  }
}

async function simulate(
  client: Client,
  { seed, patients, concurrency }: ReturnType<typeof checked>,
  violations: Violations,
): Promise<void> {
  const name = `sim-${randomUUID().slice(0, 8)}`;
  const clinic = await openClinic(client, name, patients, violations);
  const { doctors, priorities, slots } = clinic;
  print(
    `An outpatient day of ${patients} patients, ${concurrency} at a time, at ${client.url}; ` +
      `doctors ${name}-*; repeat the choices with --seed ${seed}`,
  );
  const ledger = new Ledger();
  const hospital = new HospitalRecord(slots);
  const model = new ReferenceModel();
  for (const { id, rooms } of doctors) model.rooms.set(id, rooms);
  for (const slot of slots) model.slots.set(slot.id, new ReferenceSlot(slot));
  const checks = new AnswerChecks({ violations, ledger, hospital, priorities });
  const desk = { client, ledger, checks, hospital, run: name };
  const slotDesk = new SlotDesk(desk);
  const day = new Day({
    frontDesk: new FrontDesk(desk),
    visitDesk: new VisitDesk(desk),
    doctorDesk: new DoctorDesk(desk, slotDesk),
    slotDesk,
    ...{ ledger, model, slots, priorities, patients, run: name, random: new Random(seed) },
  });
  const ids = doctors.map(({ id }) => id);
  const deps = { client, model, ledger, hospital, priorities, violations, concurrency };
  const audit = new Audit(ids, deps);
  print(
    'Phases: actions done of planned; then the totals of the run so far, explained in the summary',
  );
  const startedAt = performance.now();
  for (const phase of day.phases) {
    ledger.beginPhase();
    hospital.beginPhase();
    model.beginPhase();
    await runPhase(phase, concurrency, (done, of) => showProgress(phase, done, of, ledger));
    await audit.catchUp();
    await readBack(client, model, violations);
  }
  await audit.readTokens();
  await checkDayReports(client, model, audit, violations);
  const elapsedMs = performance.now() - startedAt;
  const board = await readBack(client, model, violations);
  const lines = [
    '',
    ...boardLines(clinic, board),
    '',
    ...summaryLines(ledger, hospital, client.latencies, elapsedMs),
    '',
  ];
  for (const line of lines) print(line);
}

/** Writes one line for each phase. On a terminal the line is updated; elsewhere it is written when the phase is over. */
function showProgress({ name }: Phase, done: number, of: number, ledger: Ledger): void {
  const isOver = done === of;
  const isStep = process.stdout.isTTY && done % Math.ceil(of / STEPS) === 0;
  if (!isOver && !isStep) return;
  const { total } = ledger;
  const shown = [
    'booked',
    'waiting',
    'bumped',
    'promoted',
    'checked-in',
    'called',
    'moved',
    'cancelled',
  ] as const;
  const counts = shown.map((column) => `${total[column]} ${column}`).join(', ');
  const line = `${name.padEnd(14)} ${`${done}/${of}`.padStart(9)}   ${counts}`;
  process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}${line}${isOver ? '\n' : ''}`);
}

await runTool({ help: HELP, options, run });
