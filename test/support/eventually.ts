import { setTimeout as delay } from 'node:timers/promises';

/** The longest wait for a condition. It is long, because the machine may be busy. */
const DEADLINE_MS = 120_000;

/**
 * Resolves as soon as the condition holds. Rejects when the condition throws.
 * @throws Error when the condition does not hold within two minutes
 */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never: ${condition.toString()}`);
    await delay(10);
  }
}
