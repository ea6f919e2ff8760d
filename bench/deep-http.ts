import type { BookingView, CancelView } from '../src/http/resources/index.ts';
import { bodyOf } from './lib/client.ts';
import { must, ordinaryClass } from './lib/clinic.ts';
import { startContestant, type Contestant } from './lib/contestants.ts';
import { milliseconds, ratio } from './lib/format.ts';
import { boardsOf, bookingsOf, checkBoards, type Target } from './lib/hospital.ts';
import { startLoadGenerator } from './lib/load.ts';
import { parameter } from './lib/parameter.ts';
import { Random } from './lib/random.ts';
import type { Report } from './lib/report.ts';
import { grouped, percentile } from './lib/statistics.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;
/** A doctor for each depth. */
const SIZE = { doctors: 2, sessions: 1, capacity: 10 };

/** Milliseconds of each request to a slot in which so many wait. */
interface Depth {
  readonly waiting: number;
  readonly target: Target;
  readonly cancels: number[];
  readonly emergencies: number[];
}

/** An emergency takes a seat, then leaves again: the first waiter, whom it had bumped, comes back. */
async function comeAndGo({ client }: Contestant, depth: Depth): Promise<void> {
  const { target, emergencies, cancels } = depth;
  const booked = performance.now();
  const answer = await must(client).post('/book', {
    doctor_id: target.doctorId,
    slot_id: target.slotId,
    patient_name: 'An Emergency',
    patient_type: 'EMERGENCY',
  });
  emergencies.push(performance.now() - booked);
  const { id, bumped } = bodyOf(answer, 'an emergency') as BookingView;
  const cancelled = performance.now();
  const cancel = await must(client).post('/cancel', { token_id: id });
  cancels.push(performance.now() - cancelled);
  const { promoted } = bodyOf(cancel, 'a cancel') as CancelView;
  if (bumped?.waitlist_position !== 1 || promoted?.id !== bumped.id)
    throw new Error('Who was bumped last is not who is promoted first.');
}

/** Both depths in turns on one server, one request at a time. */
async function measure(contestant: Contestant, deepest: number, pairs: number): Promise<Depth[]> {
  const generator = startLoadGenerator();
  try {
    const { targets, url } = contestant;
    // A doctor's first slot each; whole rounds of all connections, so that every booking is sent once.
    const depths = [CONNECTIONS - SIZE.capacity, deepest].map((least, index): Depth => {
      const total = Math.ceil((least + SIZE.capacity) / CONNECTIONS) * CONNECTIONS;
      const target = must(targets[(index * targets.length) / SIZE.doctors]);
      return { waiting: total - SIZE.capacity, target, cancels: [], emergencies: [] };
    });
    for (const { target, waiting } of depths) {
      const count = waiting + SIZE.capacity;
      const bookings = bookingsOf(
        [target],
        { random: new Random(SEED), first: 0, count },
        ordinaryClass,
      );
      await generator.send({ url, connections: CONNECTIONS, bookings, isMixed: false });
      contestant.live += count;
    }
    for (let pair = 0; pair < pairs; pair += 1)
      for (const depth of depths) await comeAndGo(contestant, depth);
    const doctorIds = depths.map(({ target }) => target.doctorId);
    checkBoards(await boardsOf(must(contestant.client), doctorIds), contestant.live);
    return depths;
  } finally {
    generator.stop();
  }
}

function rowsOf(name: string, depths: readonly Depth[]): string[][] {
  const [first] = depths;
  return depths.map(({ waiting, cancels, emergencies }) => [
    `${name}, ${grouped(waiting)} waiting`,
    milliseconds(percentile(cancels, 0.5)),
    milliseconds(percentile(cancels, 0.99)),
    ratio(percentile(cancels, 0.5), percentile(must(first).cancels, 0.5)),
    milliseconds(percentile(emergencies, 0.5)),
    milliseconds(percentile(emergencies, 0.99)),
    ratio(percentile(emergencies, 0.5), percentile(must(first).emergencies, 0.5)),
  ]);
}

/** What a cancel and an emergency at a deep waitlist take as a client sees it. */
export async function deepHttpBench(): Promise<Report> {
  const deepest = parameter('DEEP_WAITING', 500, 100_000);
  const pairs = parameter('DEEP_HTTP_PAIRS', 5, 400);
  const rows: string[][] = [];
  let live = 0;
  for (const name of ['memory', 'durable'] as const) {
    const contestant = await startContestant(name, SIZE);
    try {
      rows.push(...rowsOf(name, await measure(contestant, deepest, pairs)));
      live += contestant.live;
    } finally {
      await contestant.stop();
    }
  }
  return {
    title: 'Deep waitlists: over HTTP, one request at a time',
    remarks: [
      `Milliseconds as a client sees them, ${grouped(pairs)} of each, shallow and deep in turns: an emergency bumps, then leaves, and who was bumped is promoted.`,
    ],
    head: ['server', 'cancel p50', 'p99', 'ratio', 'emergency p50', 'p99', 'ratio'],
    rows,
    checked: `every bump and promotion; ${grouped(live)} live tokens read back, every board as the one sentence has it.`,
  };
}
