import { fileURLToPath } from 'node:url';
import type { DeepResult, DeepSlots } from './deep-task.ts';
import { inFreshProcess } from '../lib/child.ts';
import { must } from '../lib/engine-clinic.ts';
import { median, nanoseconds, ratio } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { Report } from '../lib/report.ts';
import { grouped } from '../lib/statistics.ts';

const TASK = fileURLToPath(new URL('./deep-task.ts', import.meta.url));

/** Cancels that promote and emergencies that bump, by the number of those who wait, in the engine. */
export async function deepWaitlistBench(): Promise<Report> {
  const rounds = parameter('DEEP_ROUNDS', 1, 3);
  const deepest = parameter('DEEP_WAITING', 500, 100_000);
  const batches = parameter('DEEP_BATCHES', 20, 10_000);
  const middle = Math.min(1_000, deepest / 10);
  const shapes = [
    { waiting: 10, slots: 1 },
    { waiting: middle, slots: 1 },
    { waiting: deepest, slots: 1 },
    { waiting: 10, slots: deepest / 10 },
    { waiting: middle, slots: deepest / middle },
  ].map((shape): DeepSlots => ({ ...shape, batches }));
  const results = new Map(shapes.map((shape) => [shape, [] as DeepResult[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const shape of round % 2 === 0 ? shapes : shapes.toReversed())
      must(results.get(shape)).push(await inFreshProcess<DeepResult>(TASK, shape));
  const checked = [...results.values()].flat().reduce((sum, result) => sum + result.checked, 0);
  return {
    title: 'Deep waitlists: engine, one core',
    remarks: [
      `Slots of 10 seats. Cancel: a seated patient leaves and the first waiter is promoted; emergency: a seat is taken in a full slot. Ids and changes included. Medians of ${rounds} rounds, each in a process of its own.`,
      'The last two lines hold as many tokens as the deepest slot: what they cost beyond the first is memory out of the cache, not depth.',
      'Target: a cancel with promotion at 100,000 waiting within 2 times of that at 10.',
    ],
    head: ['waiting', 'cancel ns', 'to 10', 'emergency ns', 'to 10'],
    rows: rowsOf(results),
    checked: `${grouped(checked)} promotions, bumps and places, every end board against the one sentence.`,
  };
}

function rowsOf(results: ReadonlyMap<DeepSlots, readonly DeepResult[]>): string[][] {
  const [first] = results.values();
  const cancel = (runs: readonly DeepResult[]): number =>
    median(runs.map(({ cancelNs }) => cancelNs));
  const emergency = (runs: readonly DeepResult[]): number =>
    median(runs.map(({ emergencyNs }) => emergencyNs));
  return Array.from(results, ([{ waiting, slots }, runs]) => [
    `${grouped(waiting)} in ${slots === 1 ? 'one slot' : `each of ${grouped(slots)} slots`}`,
    nanoseconds(cancel(runs)),
    ratio(cancel(runs), cancel(must(first))),
    nanoseconds(emergency(runs)),
    ratio(emergency(runs), emergency(must(first))),
  ]);
}
