import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Breaches, withVerdict } from '../lib/breaches.ts';
import { Client } from '../lib/client.ts';
import { freshSeed, Random } from '../lib/random.ts';
import { startServer } from '../lib/server.ts';
import { Audit } from './audit.ts';
import { openClinic } from './clinic.ts';
import { carryOut, Day } from './day.ts';
import { judgeReports } from './day-report.ts';
import { FrontDesk } from './desk.ts';
import { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import type { Phase } from './plan.ts';
import { readBack } from './read-back.ts';
import { boardLines, summaryLines } from './report.ts';
import { SlotDesk } from './slot-desk.ts';
import { VisitDesk } from './visit-desk.ts';
import { Ward, WardSlot } from './ward.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, readOptions, runTool, serverUrl, wholeNumber } from '../lib/tool.ts';

const HELP = `npm run simulate -- [options]

Plays an outpatient day of three doctors: a morning rush of concurrent bookings of all classes, saturation,
emergencies, cancellations, arrivals, no-shows, consultations with several desks at once, moves and triage, doctors
running late, seats that come and go, slots that are closed, and mistakes. Checks the rules on every answer, every
change record and every board, prints the final board and a summary. Exits 1 on any breach and names it.

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
  const breaches = new Breaches();
  try {
    return await withVerdict(breaches, () => simulate(client, given, breaches));
  } finally {
    client.close();
    await server?.stop();
    directory.remove();
  }
}

async function simulate(
  client: Client,
  { seed, patients, concurrency }: Options,
  breaches: Breaches,
): Promise<void> {
  const run = `sim-${randomUUID().slice(0, 8)}`;
  const clinic = await openClinic(client, run, patients, breaches);
  const { doctors, priorities, slots } = clinic;
  print(
    `An outpatient day of ${patients} patients, ${concurrency} at a time, at ${client.url}; ` +
      `doctors ${run}-*; rerun with --seed ${seed}`,
  );
  const ledger = new Ledger();
  const ward = new Ward();
  for (const slot of slots) ward.slots.set(slot.id, new WardSlot(slot));
  const judge = new Judge(breaches, ledger, priorities);
  const desk = { client, ledger, judge, run };
  const day = new Day({
    front: new FrontDesk(desk),
    visits: new VisitDesk(desk),
    sittings: new SlotDesk(desk),
    ...{ ledger, ward, slots, priorities, patients, run, random: new Random(seed) },
  });
  const ids = doctors.map(({ id }) => id);
  const audit = new Audit(ids, { client, ward, ledger, priorities, breaches, concurrency });
  const startedAt = performance.now();
  for (const phase of day.phases) {
    ledger.beginPhase();
    ward.beginPhase();
    await carryOut(phase, concurrency, (done, of) => tell(phase, done, of, ledger));
    await audit.catchUp();
    await readBack(client, ward, breaches);
  }
  await audit.readTokens();
  await judgeReports(client, ward, audit, breaches);
  const elapsedMs = performance.now() - startedAt;
  const board = await readBack(client, ward, breaches);
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
  const { booked, waiting, bumped, promoted, arrived, called, moved, cancelled } = ledger.total;
  const line =
    `${name.padEnd(14)} ${`${done}/${of}`.padStart(9)}   ${booked} booked, ${waiting} waiting, ${bumped} bumped,` +
    ` ${promoted} promoted, ${arrived} arrived, ${called} called, ${moved} moved, ${cancelled} cancelled`;
  process.stdout.write(`${process.stdout.isTTY ? '\r' : ''}${line}${isOver ? '\n' : ''}`);
}

await runTool(main);
