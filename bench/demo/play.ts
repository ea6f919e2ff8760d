import { setTimeout as pause } from 'node:timers/promises';
import { STEP_SECONDS, type ClinicDays } from './clinic-days.ts';

/** How many times faster than the clock of the machine the clock of the service runs. */
export const SPEED = 60;
const STEP_MS = (STEP_SECONDS * 1_000) / SPEED;

/** Plays the days at `SPEED` until the signal. A machine that is too slow makes the clock of the service slower. */
export async function play(days: Pick<ClinicDays, 'step'>, stop: AbortSignal): Promise<void> {
  let nextAt = performance.now();
  while (!stop.aborted) {
    await days.step();
    const now = performance.now();
    nextAt = Math.max(nextAt + STEP_MS, now);
    await pause(nextAt - now, undefined, { signal: stop }).catch(() => undefined);
  }
}
