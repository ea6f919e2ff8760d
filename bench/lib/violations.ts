import { grouped } from './statistics.ts';
import { print } from './tool.ts';

/** Violations that are printed at most, because later ones mostly follow from the first. */
const LISTED_MAX = 20;

/** The answers, change records and schedules of a server that do not agree with the rules R1-R25. */
export class Violations {
  /** The first violations, one sentence each. */
  readonly listed: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(what: string): void {
    this.#count += 1;
    if (this.listed.length < LISTED_MAX) this.listed.push(what);
  }

  /** Adds a violation when the condition does not hold. */
  expect(holds: boolean, what: string): void {
    if (!holds) this.add(what);
  }

  /** Adds a violation when the server's value is not the expected one. */
  same<T>(what: string, actual: T, expected: T): void {
    if (actual !== expected) this.add(`${what} is ${String(actual)}, must be ${String(expected)}`);
  }
}

/**
 * Does the work, then prints the violations and their number. When the work throws, the violations found before are
 * printed all the same, because they may explain the failure.
 * @returns the exit code: 0 without violations, else 1
 */
export async function reportViolations(
  violations: Violations,
  work: () => Promise<void>,
): Promise<number> {
  try {
    await work();
  } finally {
    for (const what of violations.listed) print(`VIOLATION ${what}`);
  }
  const { count } = violations;
  print(
    count === 0
      ? 'Every answer was right. 0 violations (expected: 0): every answer agreed with the rules.'
      : `${grouped(count)} ${count === 1 ? 'violation' : 'violations'} (expected: 0). Each line above says what was found and what was expected.`,
  );
  return count === 0 ? 0 : 1;
}
