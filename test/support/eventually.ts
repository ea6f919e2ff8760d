import { setTimeout as delay } from 'node:timers/promises';

/** How long a condition may take on a busy machine before it counts as never. */
const DEADLINE_MS = 30_000;

/**
 * Resolves as soon as a condition holds; what the condition throws ends the wait.
 * @throws Error when it does not hold for half a minute
 */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never: ${condition.toString()}`);
    await delay(10);
  }
}
