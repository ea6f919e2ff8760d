import { grouped } from './statistics.ts';
import { print } from './tool.ts';

/** Breaches that are told: the first ones say what is wrong, the rest follows from them. */
const TOLD_MAX = 20;

/** What was wrong with a server's answers. */
export class Breaches {
  readonly told: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(what: string): void {
    this.#count += 1;
    if (this.told.length < TOLD_MAX) this.told.push(what);
  }

  expect(holds: boolean, what: string): void {
    if (!holds) this.add(what);
  }

  same<T>(what: string, actual: T, expected: T): void {
    if (actual !== expected) this.add(`${what} is ${String(actual)}, must be ${String(expected)}`);
  }
}

/**
 * Does the work and prints the verdict on it. When the work cannot go on, what was wrong before is told all the same:
 * it may say why.
 * @returns the exit code
 */
export async function withVerdict(breaches: Breaches, work: () => Promise<void>): Promise<number> {
  try {
    await work();
  } finally {
    for (const what of breaches.told) print(`BREACH ${what}`);
  }
  print(breaches.count === 0 ? 'Every answer was right.' : `${grouped(breaches.count)} breaches.`);
  return breaches.count === 0 ? 0 : 1;
}
