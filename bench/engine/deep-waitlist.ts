import { fileURLToPath } from 'node:url';
import { inFreshProcess } from '../lib/child.ts';
import { median, nanoseconds, ratio } from '../lib/format.ts';
import { parameter } from '../lib/parameter.ts';
import type { OnStep } from '../lib/progress.ts';
import type { Report } from '../lib/report.ts';
import { required } from '../lib/required.ts';
import { grouped } from '../lib/statistics.ts';
import type { DeepResult, DeepSlots } from './deep-task.ts';

const TASK = fileURLToPath(new URL('./deep-task.ts', import.meta.url));

/** Measures cancels that promote and emergencies that bump, by the length of the waitlist, in the engine. */
export async function deepWaitlistBench(onStep: OnStep): Promise<Report> {
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
  for (let round = 0; round < rounds; round += 1) {
    onStep('round', round + 1, rounds);
    for (const shape of round % 2 === 0 ? shapes : shapes.toReversed())
      required(results.get(shape)).push(await inFreshProcess<DeepResult>(TASK, shape));
  }
  const checked = [...results.values()].flat().reduce((sum, result) => sum + result.checked, 0);
  return {
    title: 'Deep waitlists: engine, one core',
    remarks: [
      `Slots of 10 seats. Cancel: a seated token is cancelled and the first of the waitlist is promoted. Emergency: an emergency is booked into a full slot and bumps a token. The times include making the id and the change records. Medians of ${rounds} rounds, each in its own process.`,
      'The engine of the last two lines holds as many tokens as the slot with the longest waitlist. They are slower than the first line because the tokens do not fit into the cache, not because of the length of a waitlist.',
      'Target: a cancel with promotion takes at 100,000 waiting at most 2 times as long as at 10.',
    ],
    head: ['waiting', 'cancel ns', 'to 10', 'emergency ns', 'to 10'],
    rows: rowsOf(results),
    checked: `${grouped(checked)} promotions, bumps and places; at the end every slot against the model.`,
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
    ratio(cancel(runs), cancel(required(first))),
    nanoseconds(emergency(runs)),
    ratio(emergency(runs), emergency(required(first))),
  ]);
}
