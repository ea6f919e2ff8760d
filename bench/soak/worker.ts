import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../lib/random.ts';
import type { Hospital } from './hospital.ts';
import type { Traffic } from './traffic.ts';

/** What every client of a soak works with. */
export interface WorkerDeps {
  /** The name of the client. */
  readonly name: string;
  readonly traffic: Traffic;
  readonly hospital: Hospital;
  readonly random: Random;
}

/** Something that a client does, and how often, as a share of the sum of all weights. */
export type Action = readonly [weight: number, act: () => Promise<void>];

/**
 * Does one action after another until the end, with pauses between them.
 * @param pauseMs the mean of the pauses, in milliseconds
 */
export async function work(
  actions: readonly Action[],
  { random, pauseMs, ending }: { random: Random; pauseMs: number; ending: AbortSignal },
): Promise<void> {
  const sum = actions.reduce((total, [weight]) => total + weight, 0);
  while (!ending.aborted) {
    await pause(random.next() * 2 * pauseMs);
    let rest = random.next() * sum;
    const [, act] = actions.find(([weight]) => (rest -= weight) < 0) ?? [];
    await act?.();
  }
}
