import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PatientClass } from '../../src/engine/index.ts';
import { withVerdict } from '../lib/violations.ts';
import { bodyOf, Client } from '../lib/client.ts';
import { forEachConcurrently } from '../lib/pool.ts';
import { InTurn } from './round-robin-client.ts';
import {
  daysToShift,
  readEvents,
  readSlots,
  type LoggedEvent,
  type LoggedSlot,
} from './input.ts';
import { Lane } from './doctor-replay.ts';
import { expectedTotals, Tally } from './replay-counts.ts';
import { startServer } from '../lib/server.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import { temporaryDirectory } from '../lib/temporary.ts';
import { print, readOptions, runTool, serverUrl, ToolError, wholeNumber } from '../lib/tool.ts';

const HELP = `npm run replay -- --slots FILE --events FILE [options]

Replays a log of bookings and outcomes through the HTTP API, checks every answer against the rules in one sentence,
reads every slot back at intervals and at the end, and prints the totals. Exits 1 on any breach.

  --slots FILE        one JSON object a line: slot_id, doctor_id, date, capacity
  --events FILE       one JSON object a line, in order: op (book or no_show), doctor_id, slot_id, patient_ref,
                      patient_type, ref
  --url URL           a running server without these slots; else one is started on a temporary SQLite file. Given again,
                      a further process on the same database: each request goes to the next one in turn
  --keep FILE         the started server's SQLite file, which must not exist yet and is left behind
  --expect TOTALS     accepted=1,duplicates=2,seated=3,waiting=4,promotions=5,bumps=6, or some of them
  --concurrency N     doctors in flight at once (64); the events of one doctor are always sent one after another
  --help`;

/** Events after which a line of progress is printed. */
const PROGRESS_EVERY = 5_000;

function options() {
  const values = readOptions({
    slots: { type: 'string' },
    events: { type: 'string' },
    url: { type: 'string', multiple: true, default: [] },
    keep: { type: 'string' },
    expect: { type: 'string' },
    concurrency: { type: 'string', default: '64' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return null;
  const { slots, events, keep, expect } = values;
  const urls = values.url.map(serverUrl);
  if (slots === undefined || events === undefined)
    throw new ToolError('--slots and --events are needed: the files to replay.');
  if (keep !== undefined && urls.length > 0)
    throw new ToolError('--keep is for the server that is started here: leave it or --url out.');
  if (keep !== undefined && existsSync(keep))
    throw new ToolError(`--keep ${keep} exists already: name a new file.`);
  return {
    slots,
    events,
    keep,
    urls,
    expected: expect === undefined ? new Map<never, never>() : expectedTotals(expect),
    concurrency: wholeNumber('concurrency', values.concurrency, 1, 1_000),
  };
}

async function main(): Promise<number> {
  const given = options();
  if (given === null) {
    print(HELP);
    return 0;
  }
  const slots = readSlots(given.slots);
  const events = readEvents(given.events, slots);
  const directory = temporaryDirectory();
  const file = given.keep ?? join(directory.path, 'replay.db');
  const server =
    given.urls.length === 0 ? await startServer({ DATABASE_URL: `sqlite:${file}` }) : undefined;
  const urls = server === undefined ? given.urls : [server.url];
  const client = new InTurn(urls.map((url) => new Client(url, given.concurrency)));
  const tally = new Tally();
  try {
    return await withVerdict(tally.breaches, async () => {
      print(`${grouped(slots.length)} slots, ${grouped(events.length)} events to ${client.urls}`);
      const elapsedMs = await replay(client, tally, slots, events, given.concurrency);
      tally.compare(given.expected);
      report(tally, events.length, elapsedMs, client.latencies);
    });
  } finally {
    client.close();
    await server?.stop();
    directory.remove();
    if (given.keep !== undefined) print(`Kept: DATABASE_URL=sqlite:${given.keep} npm run verify`);
  }
}

/** @returns the milliseconds that the events took, with the read-backs between them */
async function replay(
  client: InTurn,
  tally: Tally,
  slots: readonly LoggedSlot[],
  events: readonly LoggedEvent[],
  concurrency: number,
): Promise<number> {
  const { patient_types: classes } = bodyOf(
    await client.get('/patient-types'),
    'The class table',
  ) as { readonly patient_types: readonly PatientClass[] };
  const priorities = new Map(classes.map(({ type, priority }) => [type, priority]));
  const deps = { client, tally, priorities, shiftDays: daysToShift(slots, Date.now()) };
  const eventsOf = Map.groupBy(events, (event) => event.doctor_id);
  const lanes = Array.from(
    Map.groupBy(slots, (slot) => slot.doctor_id),
    ([doctor, own]) => ({
      lane: new Lane(doctor, own, deps),
      log: eventsOf.get(doctor) ?? [],
    }),
    // The longest first: it would otherwise run on alone at the end.
  ).sort((a, b) => b.log.length - a.log.length);
  await forEachConcurrently(lanes, concurrency, ({ lane }) => lane.open());
  print(`Opened ${lanes.length} doctors, every date ${deps.shiftDays} days later than in the log.`);
  const startedAt = performance.now();
  let done = 0;
  await forEachConcurrently(lanes, concurrency, async ({ lane, log }) => {
    for (const event of log) {
      await lane.play(event);
      done += 1;
      if (done % PROGRESS_EVERY === 0) print(`  ${grouped(done)} events`);
    }
  });
  const elapsedMs = performance.now() - startedAt;
  await forEachConcurrently(lanes, concurrency, async ({ lane }) => {
    await lane.readBack();
    lane.finish();
  });
  return elapsedMs;
}

function report(
  tally: Tally,
  events: number,
  elapsedMs: number,
  latencies: readonly number[],
): void {
  const { totals } = tally;
  const rows: readonly (readonly [string, string])[] = [
    ['bookings accepted', grouped(totals.accepted)],
    ['duplicates refused', grouped(totals.duplicates)],
    [
      'after the bookings alone',
      tally.isMixed
        ? 'no such moment: outcomes come between the bookings of a slot'
        : `${grouped(tally.seatedByBookings)} seated, ${grouped(tally.waitingByBookings)} waiting`,
    ],
    ['outcomes', `${grouped(tally.cancelled)} cancelled, ${grouped(tally.skipped)} skipped`],
    ['after all events', `${grouped(totals.seated)} seated, ${grouped(totals.waiting)} waiting`],
    ['promotions', grouped(totals.promotions)],
    ['bumps', grouped(totals.bumps)],
    ['read-backs', `${grouped(tally.readBacks)} of a whole doctor`],
    [
      'rate',
      `${grouped((events / elapsedMs) * 1_000)} events/s over ${(elapsedMs / 1_000).toFixed(1)} s, ` +
        `p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`,
    ],
  ];
  print();
  for (const [name, value] of rows) print(`${name.padEnd(26)}${value}`);
  print();
}

await runTool(main);
