import { setTimeout as pause } from 'node:timers/promises';
import type { Measurement, Service } from './service.ts';
import type { TrafficDeps } from './traffic.ts';

/** The process at rest at one instant of the soak. */
export interface Sample extends Measurement {
  /** Milliseconds since the soak began. */
  readonly atMs: number;
  /** Requests that were sent so far. */
  readonly requests: number;
  /** Live tokens and slots in the memory of the service. */
  readonly live: number;
}

const MIB = 1_024 ** 2;
/** What the memory of a process may grow by, beside the share and the live tokens. */
export const TOLERANCE = {
  heapShare: 0.1,
  heapBytes: 2 * MIB,
  residentShare: 0.25,
  residentBytes: 24 * MIB,
  /** Bytes that a live token or a slot with its records may take. */
  liveBytes: 1_024,
  descriptors: 4,
} as const;

const SETTLE_MS = 100;
const SETTLE_ROUNDS = 50;

/** Holds all clients back, waits until the process is at rest, and measures it. */
export async function sampleAtRest(
  service: Service,
  { gate, client, tally }: TrafficDeps,
  startedAt: number,
): Promise<Sample> {
  await gate.close();
  client.close();
  let before = await service.measure();
  let now = before;
  for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
    await pause(SETTLE_MS);
    now = await service.measure();
    if (now.descriptors === before.descriptors && now.heap >= before.heap * 0.99) break;
    before = now;
  }
  const live = await liveIn(client);
  client.close();
  const atMs = performance.now() - startedAt;
  gate.open();
  return { ...now, live, atMs, requests: tally.requests };
}

/** Reads the number of live tokens from the metrics. */
async function liveIn(client: TrafficDeps['client']): Promise<number> {
  const { text } = await client.timedText('/metrics');
  const values = text.matchAll(/^opd_(?:seated|waiting)_tokens\S* (\d+)$/gm);
  return Array.from(values, ([, value]) => Number(value)).reduce((sum, value) => sum + value, 0);
}

/** How a quantity has changed from the first third of the samples to the last. */
export interface Growth {
  readonly what: string;
  readonly first: number;
  readonly last: number;
  /** The most that the last may be. */
  readonly allowed: number;
  readonly unit: 'MiB' | '';
}

/** Compares the mean of the first third of the samples with the mean of the last third. */
export function growthOf(samples: readonly Sample[]): Growth[] {
  const third = Math.max(Math.floor(samples.length / 3), 1);
  const first = samples.slice(0, third);
  const last = samples.slice(-third);
  const of = (part: readonly Sample[], name: keyof Sample): number =>
    part.reduce((sum, sample) => sum + sample[name], 0) / part.length;
  const liveMore = Math.max(of(last, 'live') - of(first, 'live'), 0) * TOLERANCE.liveBytes;
  const memory = (what: string, name: 'heap' | 'resident', more: number, share: number): Growth => {
    const begun = of(first, name);
    const allowed = (begun * (1 + share) + more + liveMore) / MIB;
    return { what, first: begun / MIB, last: of(last, name) / MIB, allowed, unit: 'MiB' };
  };
  const descriptors = of(first, 'descriptors');
  return [
    memory('heap after a garbage collection', 'heap', TOLERANCE.heapBytes, TOLERANCE.heapShare),
    memory('resident memory', 'resident', TOLERANCE.residentBytes, TOLERANCE.residentShare),
    {
      what: 'open files and connections',
      first: descriptors,
      last: of(last, 'descriptors'),
      allowed: descriptors + TOLERANCE.descriptors,
      unit: '',
    },
  ];
}
