import { inFreshProcess } from '../lib/child.ts';
import { median, nanoseconds, ratio } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import type { Traffic, TrafficResult } from './engine-task.ts';

const TASK = new URL('./engine-task.ts', import.meta.url).pathname;
/** The longest slot that is compared with the model, because the model scans the slot for every change. */
const COMPARED_LENGTH_MAX = 1_000;

interface Variant {
  readonly name: string;
  readonly traffic: Traffic;
}

function variants(): Variant[] {
  const total = parameter('ENGINE_TOKENS', 2_000, 100_000);
  const pairs = parameter('ENGINE_PAIRS', 500, 200_000);
  const lookups = parameter('ENGINE_LOOKUPS', 500, 300_000);
  const variant = (length: number, slots: number): Variant => ({
    name: `${grouped(length)} in ${slots === 1 ? 'one slot' : `each of ${grouped(slots)} slots`}`,
    traffic: { length, slots, pairs, lookups, compare: length <= COMPARED_LENGTH_MAX },
  });
  const middle = Math.min(1_000, total / 10);
  return [
    variant(10, 1),
    variant(middle, 1),
    variant(total, 1),
    variant(10, total / 10),
    variant(middle, total / middle),
  ];
}

/** Measures mixed bookings and cancels, and reads of waitlist positions, by slot length, on one core. */
export async function engineBench(onStep: OnStep): Promise<Report> {
  const rounds = parameter('ENGINE_ROUNDS', 1, 3);
  const all = variants();
  const results = new Map<Variant, TrafficResult[]>(all.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round += 1) {
    onStep('round', round + 1, rounds);
    for (const variant of round % 2 === 0 ? all : all.toReversed()) {
      // Only the first round is compared with the model, because all rounds give the same answers.
      const traffic = { ...variant.traffic, compare: variant.traffic.compare && round === 0 };
      required(results.get(variant)).push(await inFreshProcess<TrafficResult>(TASK, traffic));
    }
  }
  for (const [{ name }, runs] of results)
    if (new Set(runs.map(({ checksum }) => checksum)).size !== 1)
      throw new Error(`The rounds of "${name}" answered differently.`);
  const compared = [...results.values()].flat().reduce((sum, run) => sum + run.compared, 0);
  return {
    title: 'Engine: mixed book and cancel by slot length, one core',
    remarks: [
      `Half of the tokens of each slot are seated, half wait. A random token is cancelled, then a token of a random class is booked. The times include making the id and the change records. Medians of ${rounds} rounds, each in its own process.`,
      'The engine of the last two lines holds as many tokens as the longest slot. They are slower than the first line because the tokens do not fit into the cache, not because of the length of a slot.',
      'Targets: 1,000,000 operations a second at length 10; at most 3 times slower at length 100,000.',
    ],
    head: ['live tokens', 'operations/s', 'ns each', 'slower than 10', 'position ns', 'slower'],
    rows: rowsOf(results),
    checked: `${grouped(compared)} answers one by one against the model; at the end every slot and waitlist position against the model; all rounds gave the same answers.`,
  };
}

function rowsOf(results: ReadonlyMap<Variant, readonly TrafficResult[]>): string[][] {
  const [base] = results.values();
  const operation = (runs: readonly TrafficResult[]) =>
    median(runs.map(({ operationNs }) => operationNs));
  const position = (runs: readonly TrafficResult[]) =>
    median(runs.map(({ positionNs }) => positionNs));
  return Array.from(results, ([{ name }, runs]) => [
    name,
    grouped(1e9 / operation(runs)),
    nanoseconds(operation(runs)),
    ratio(operation(runs), operation(required(base))),
    nanoseconds(position(runs)),
    ratio(position(runs), position(required(base))),
  ]);
}
