import type { BookingView, CancelView } from '../../src/http/resources/index.ts';
import { ordinaryClass } from '../lib/classes.ts';
import { bodyOf } from '../lib/client.ts';
import { milliseconds, ratio } from '../lib/format.ts';
import { boardsOf, bookingsOf, checkBoards, type Target } from '../lib/hospital.ts';
import { startLoadGenerator } from '../lib/load.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import { Random } from '../lib/random.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped, percentile } from '../lib/statistics.ts';
import { startComparedServer, type ComparedServer } from './compared-servers.ts';

const SEED = 20_260_105;
const CONNECTIONS = 64;
const SERVERS = ['memory', 'durable'] as const;
/** One doctor for each length of the waitlist. */
const SIZE = { doctors: 2, sessions: 1, capacity: 10 };

/** A slot with a number of waiting tokens, and the milliseconds of each request to it. */
interface MeasuredSlot {
  readonly waiting: number;
  readonly target: Target;
  readonly cancels: number[];
  readonly emergencies: number[];
}

/** Books an emergency, which bumps a token, and cancels it, which promotes the bumped token. */
async function bookAndCancel({ client }: ComparedServer, depth: MeasuredSlot): Promise<void> {
  const { target, emergencies, cancels } = depth;
  const booked = performance.now();
  const answer = await required(client).post('/book', {
    doctor_id: target.doctorId,
    slot_id: target.slotId,
    patient_name: 'An Emergency',
    patient_type: 'EMERGENCY',
  });
  emergencies.push(performance.now() - booked);
  const { id, bumped } = bodyOf(answer, 'an emergency') as BookingView;
  const cancelled = performance.now();
  const cancel = await required(client).post('/cancel', { token_id: id });
  cancels.push(performance.now() - cancelled);
  const { promoted } = bodyOf(cancel, 'a cancel') as CancelView;
  if (bumped?.waitlist_position !== 1 || promoted?.id !== bumped.id)
    throw new Error('The bumped token is not the token that was promoted.');
}

/** Measures a short and a long waitlist alternately on one server, one request at a time. */
async function measure(
  server: ComparedServer,
  longest: number,
  pairs: number,
): Promise<MeasuredSlot[]> {
  const generator = startLoadGenerator();
  try {
    const { targets, url } = server;
    // The first slot of each doctor. The number of bookings is a multiple of the connections, so that each is sent once.
    const depths = [CONNECTIONS - SIZE.capacity, longest].map((least, index): MeasuredSlot => {
      const total = Math.ceil((least + SIZE.capacity) / CONNECTIONS) * CONNECTIONS;
      const target = required(targets[(index * targets.length) / SIZE.doctors]);
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
      server.live += count;
    }
    for (let pair = 0; pair < pairs; pair += 1)
      for (const depth of depths) await bookAndCancel(server, depth);
    const doctorIds = depths.map(({ target }) => target.doctorId);
    checkBoards(await boardsOf(required(server.client), doctorIds), server.live);
    return depths;
  } finally {
    generator.stop();
  }
}

function rowsOf(name: string, depths: readonly MeasuredSlot[]): string[][] {
  const [first] = depths;
  return depths.map(({ waiting, cancels, emergencies }) => [
    `${name}, ${grouped(waiting)} waiting`,
    milliseconds(percentile(cancels, 0.5)),
    milliseconds(percentile(cancels, 0.99)),
    ratio(percentile(cancels, 0.5), percentile(required(first).cancels, 0.5)),
    milliseconds(percentile(emergencies, 0.5)),
    milliseconds(percentile(emergencies, 0.99)),
    ratio(percentile(emergencies, 0.5), percentile(required(first).emergencies, 0.5)),
  ]);
}

/** Measures a cancel and an emergency over HTTP, in a slot with a long waitlist. */
export async function deepHttpBench(onStep: OnStep): Promise<Report> {
  const longest = parameter('DEEP_WAITING', 500, 100_000);
  const pairs = parameter('DEEP_HTTP_PAIRS', 5, 400);
  const rows: string[][] = [];
  let live = 0;
  for (const [index, name] of SERVERS.entries()) {
    onStep('server', index + 1, SERVERS.length);
    const server = await startComparedServer(name, SIZE);
    try {
      rows.push(...rowsOf(name, await measure(server, longest, pairs)));
      live += server.live;
    } finally {
      await server.stop();
    }
  }
  return {
    title: 'Deep waitlists: over HTTP, one request at a time',
    remarks: [
      `Milliseconds from a request to its answer, measured at the client. An emergency is booked and bumps a token; then it is cancelled and the bumped token is promoted. ${grouped(pairs)} of each, alternately in the slot with a short and in the one with a long waitlist.`,
    ],
    head: ['server', 'cancel p50', 'p99', 'ratio', 'emergency p50', 'p99', 'ratio'],
    rows,
    checked: `every bump and promotion; ${grouped(live)} live tokens read back, every slot in the order of the rules.`,
  };
}
