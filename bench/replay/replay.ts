import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PatientClass } from '../../src/engine/index.ts';
import { bodyOf, Client } from '../lib/client.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import { startServer } from '../lib/server.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, runTool, serverUrl, ToolError, wholeNumber, type Values } from '../lib/tool.ts';
import { reportViolations } from '../lib/violations.ts';
import { DoctorReplay } from './doctor-replay.ts';
import { daysToShift, readEvents, readSlots, type LoggedEvent, type LoggedSlot } from './input.ts';
import { expectedTotals, ReplayCounts } from './replay-counts.ts';
import { RoundRobinClient } from './round-robin-client.ts';

const HELP = `npm run replay -- --slots FILE --events FILE [options]

Replays a log of bookings and no-shows through the HTTP API. Checks every answer against the rules (the tokens of a slot
in the order of class, then arrival: the first are seated, the rest wait), reads every slot back at intervals and at the
end, and prints the totals. A no-show of the log is sent as a cancel. Exits with 1 when an answer is wrong.

  --slots FILE        one JSON object for each line: slot_id, doctor_id, date, capacity
  --events FILE       one JSON object for each line, in the order of time: op (book or no_show), doctor_id, slot_id,
                      patient_ref, patient_type, ref
  --url URL           a running server without these slots; without it, a server is started on a temporary SQLite file.
                      The option can be repeated for several processes on one database: each request goes to the next
  --key SECRET        an access key of an administrator, if the running server needs one
  --keep FILE         writes the SQLite file of the started server to FILE, which must not exist, and leaves it there
  --expect TOTALS     totals that must be reached, for example accepted=1,duplicates=2; the names are accepted,
                      duplicates, seated, waiting, promotions and bumps
  --concurrency N     doctors whose events are sent at the same time (64); those of one doctor are sent one by one
  --help              prints this text
  --version           prints the version`;

/** After this many events, a line of progress is printed. */
const PROGRESS_EVERY = 5_000;

const options = {
  slots: { type: 'string' },
  events: { type: 'string' },
  url: { type: 'string', multiple: true },
  key: { type: 'string' },
  keep: { type: 'string' },
  expect: { type: 'string' },
  concurrency: { type: 'string', default: '64' },
} as const;

/**
 * Reads the values of the options.
 * @throws ToolError that names the option with a wrong value
 */
function checked({
  slots,
  events,
  url = [],
  key,
  keep,
  expect,
  concurrency,
}: Values<typeof options>) {
  const urls = url.map(serverUrl);
  if (slots === undefined || events === undefined)
    throw new ToolError('--slots and --events are needed: the files to replay; see --help.');
  if (keep !== undefined && urls.length > 0)
    throw new ToolError('--keep works only without --url; see --help.');
  if (keep !== undefined && existsSync(keep))
    throw new ToolError(`--keep ${keep} exists already: name a new file.`);
  return {
    slots,
    events,
    key,
    keep,
    urls,
    expected: expect === undefined ? new Map<never, never>() : expectedTotals(expect),
    concurrency: wholeNumber('concurrency', concurrency, 1, 1_000),
  };
}

async function run(values: Values<typeof options>): Promise<number> {
  const given = checked(values);
  const slots = readSlots(given.slots);
  const events = readEvents(given.events, slots);
  const directory = temporaryDirectory();
  const file = given.keep ?? join(directory.path, 'replay.db');
  const server =
    given.urls.length === 0 ? await startServer({ DATABASE_URL: `sqlite:${file}` }) : undefined;
  const urls = server === undefined ? given.urls : [server.url];
  const client = new RoundRobinClient(
    urls.map((url) => new Client(url, given.concurrency, given.key)),
  );
  const counts = new ReplayCounts();
  try {
    return await reportViolations(counts.violations, async () => {
      print(`${grouped(slots.length)} slots, ${grouped(events.length)} events to ${client.urls}`);
      const elapsedMs = await replay(client, counts, slots, events, given.concurrency);
      counts.compare(given.expected);
      report(counts, events.length, elapsedMs, client.latencies);
    });
  } finally {
    client.close();
    await server?.stop();
    directory.remove();
    if (given.keep !== undefined)
      print(
        `The database is left in ${given.keep}. Check it: DATABASE_URL=sqlite:${given.keep} npm run verify`,
      );
  }
}

/** @returns the milliseconds of all events and of the read-backs between them */
async function replay(
  client: RoundRobinClient,
  counts: ReplayCounts,
  slots: readonly LoggedSlot[],
  events: readonly LoggedEvent[],
  concurrency: number,
): Promise<number> {
  const { patient_types: classes } = bodyOf(
    await client.get('/patient-types'),
    'The class table',
  ) as { readonly patient_types: readonly PatientClass[] };
  const priorities = new Map(classes.map(({ type, priority }) => [type, priority]));
  const deps = { client, counts, priorities, shiftDays: daysToShift(slots, Date.now()) };
  const eventsOf = Map.groupBy(events, (event) => event.doctor_id);
  const doctors = Array.from(
    Map.groupBy(slots, (slot) => slot.doctor_id),
    ([doctor, own]) => ({
      doctor: new DoctorReplay(doctor, own, deps),
      log: eventsOf.get(doctor) ?? [],
    }),
    // The longest log is started first, because it would otherwise run alone at the end.
  ).sort((a, b) => b.log.length - a.log.length);
  await forEachConcurrently(doctors, concurrency, ({ doctor }) => doctor.open());
  print(
    `Opened ${doctors.length} doctors, every date is ${deps.shiftDays} days later than in the log.`,
  );
  const startedAt = performance.now();
  let done = 0;
  await forEachConcurrently(doctors, concurrency, async ({ doctor, log }) => {
    for (const event of log) {
      await doctor.play(event);
      done += 1;
      if (done % PROGRESS_EVERY === 0) print(`  ${grouped(done)} events`);
    }
  });
  const elapsedMs = performance.now() - startedAt;
  await forEachConcurrently(doctors, concurrency, async ({ doctor }) => {
    await doctor.readBack();
    doctor.finish();
  });
  return elapsedMs;
}

/** Prints the totals, each with what it counts. */
function report(
  counts: ReplayCounts,
  events: number,
  elapsedMs: number,
  latencies: readonly number[],
): void {
  const { totals } = counts;
  const rows: readonly (readonly [string, string, string])[] = [
    ['bookings accepted', grouped(totals.accepted), 'bookings that got a token'],
    [
      'duplicates refused',
      grouped(totals.duplicates),
      'bookings of a patient with a token in the slot',
    ],
    [
      'after the bookings alone',
      counts.isMixed
        ? 'unknown'
        : `${grouped(counts.seatedByBookings)} seated, ${grouped(counts.waitingByBookings)} waiting`,
      counts.isMixed ? 'a slot had bookings after a no-show' : 'tokens before the first no-show',
    ],
    [
      'outcomes',
      `${grouped(counts.cancelled)} cancelled, ${grouped(counts.skipped)} skipped`,
      'no-shows sent as a cancel; no-shows of refused bookings',
    ],
    [
      'after all events',
      `${grouped(totals.seated)} seated, ${grouped(totals.waiting)} waiting`,
      'tokens at the end',
    ],
    ['promotions', grouped(totals.promotions), 'waiting tokens that got a freed seat'],
    ['bumps', grouped(totals.bumps), 'tokens that lost their seat to a higher class'],
    ['read-backs', grouped(counts.readBacks), 'comparisons of all slots of a doctor'],
    [
      'rate',
      `${grouped((events / elapsedMs) * 1_000)} events/s over ${(elapsedMs / 1_000).toFixed(1)} s`,
      'no target: it depends on the machine',
    ],
    [
      'time of a request',
      `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
      '50 and 99 of 100 requests took at most this',
    ],
  ];
  print();
  for (const [name, value, meaning] of rows)
    print(`${name.padEnd(26)}${value.padEnd(32)}${meaning}`);
  print();
}

await runTool({ help: HELP, options, run });
