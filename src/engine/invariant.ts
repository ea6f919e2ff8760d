/** A rule of the program itself is broken: the state in memory can no longer be trusted. Never a client's fault. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly code = 'OPD_INVARIANT';
}

/**
 * Asserts what must hold whatever a client sends.
 * @throws InvariantError naming the rule, said positively.
 */
export function invariant(condition: unknown, rule: string): asserts condition {
  if (condition !== true) throw new InvariantError(rule);
}

/**
 * What a look-up that cannot fail found.
 * @throws InvariantError naming the rule by which it cannot
 */
export function found<T>(value: T | undefined, rule: string): T {
  invariant(value !== undefined, rule);
  return value;
}

/** Marks the branch that no value reaches; the compiler proves it. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`);
}
