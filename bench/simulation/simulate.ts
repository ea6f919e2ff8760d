import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Violations, reportViolations } from '../lib/violations.ts';
import { Client } from '../lib/client.ts';
import { freshSeed, Random } from '../lib/random.ts';
import { startServer } from '../lib/server.ts';
import { Audit } from './audit.ts';
import { openClinic } from './clinic.ts';
import { runPhase, Day } from './day.ts';
import { checkDayReports } from './day-report.ts';
import { FrontDesk } from './desk.ts';
import { AnswerChecks } from './answer-checks.ts';
import { Ledger } from './ledger.ts';
import type { Phase } from './patients.ts';
import { readBack } from './read-back.ts';
import { boardLines, summaryLines } from './report.ts';
import { SlotDesk } from './slot-desk.ts';
import { VisitDesk } from './visit-desk.ts';
import { ReferenceModel, ReferenceSlot } from './reference-model.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, readOptions, runTool, serverUrl, wholeNumber } from '../lib/tool.ts';

const HELP = `npm run simulate -- [options]

Plays an outpatient day of three doctors: a morning rush of concurrent bookings of all classes, saturation,
emergencies, cancellations, arrivals, no-shows, consultations with several desks at once, moves and triage, doctors
running late, seats that come and go, slots that are closed, and invalidRequests. Checks the rules on every answer, every
change record and every board, prints the final board and a summary. Exits 1 on any violation and names it.

  --url URL           a running server; else one is started on a temporary SQLite file
  --seed N            repeats the choices of a run (who comes, who leaves), though not the interleavings
  --patients N        patients of the day (180)
  --concurrency N     requests in flight at once (32)
  --help`;

/** Times that a phase tells how far it is. */
const STEPS = 50;

interface Options {
  readonly url: string | undefined;
  readonly seed: number;
  readonly patients: number;
  readonly concurrency: number;
}

function options(): Options | null {
  const values = readOptions({
    url: { type: 'string' },
    seed: { type: 'string' },
    patients: { type: 'string', default: '180' },
    concurrency: { type: 'string', default: '32' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return null;
  const { url, seed, patients, concurrency } = values;
  return {
    url: url === undefined ? undefined : serverUrl(url),
    seed: seed === undefined ? freshSeed() : wholeNumber('seed', seed, 0, 2 ** 32 - 1),
    patients: wholeNumber('patients', patients, 1, 100_000),
    concurrency: wholeNumber('concurrency', concurrency, 1, 1_000),
  };
}

async function main(): Promise<number> {
  const given = options();
  if (given === null) {
    print(HELP);
    return 0;
  }
  const directory = temporaryDirectory();
  const settings = { DATABASE_URL: `sqlite:${join(directory.path, 'simulation.db')}` };
  const server = given.url === undefined ? await startServer(settings) : undefined;
  // A booking sent twice at once takes two connections.
  const client = new Client(given.url ?? server?.url ?? '', given.concurrency * 2);
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
  { seed, patients, concurrency }: Options,
  violations: Violations,
): Promise<void> {
  const run = `sim-${randomUUID().slice(0, 8)}`;
  const clinic = await openClinic(client, run, patients, violations);
  const { doctors, priorities, slots } = clinic;
  print(
    `An outpatient day of ${patients} patients, ${concurrency} at a time, at ${client.url}; ` +
      `doctors ${run}-*; rerun with --seed ${seed}`,
  );
  const ledger = new Ledger();
  const model = new ReferenceModel();
  for (const slot of slots) model.slots.set(slot.id, new ReferenceSlot(slot));
  const checks = new AnswerChecks(violations, ledger, priorities);
  const desk = { client, ledger, checks, run };
  const day = new Day({
    frontDesk: new FrontDesk(desk),
    visitDesk: new VisitDesk(desk),
    slotDesk: new SlotDesk(desk),
    ...{ ledger, model, slots, priorities, patients, run, random: new Random(seed) },
  });
  const ids = doctors.map(({ id }) => id);
  const audit = new Audit(ids, { client, model, ledger, priorities, violations, concurrency });
  const startedAt = performance.now();
  for (const phase of day.phases) {
    ledger.beginPhase();
    model.beginPhase();
    await runPhase(phase, concurrency, (done, of) => tell(phase, done, of, ledger));
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
    ...summaryLines(ledger, client.latencies, elapsedMs),
    '',
  ];
  for (const line of lines) print(line);
}

/** One line a phase: on a terminal it counts along, elsewhere it is printed when the phase is over. */
function tell({ name }: Phase, done: number, of: number, ledger: Ledger): void {
  const isOver = done === of;
  const isStep = process.stdout.isTTY && done % Math.ceil(of / STEPS) === 0;
  if (!isOver && !isStep) return;
  const { booked, waiting, bumped, promoted, checkedIn, called, moved, cancelled } = ledger.total;
  const line =
    `${name.padEnd(14)} ${`${done}/${of}`.padStart(9)}   ${booked} booked, ${waiting} waiting, ${bumped} bumped,` +
    ` ${promoted} promoted, ${checkedIn} checkedIn, ${called} called, ${moved} moved, ${cancelled} cancelled`;
  process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}${line}${isOver ? '\n' : ''}`);
}

await runTool(main);
