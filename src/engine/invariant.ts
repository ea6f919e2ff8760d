/**
 * The program broke a rule of its own: the state in memory can no longer be trusted. A client never causes this
 * error.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly code = 'OPD_INVARIANT';
}

/**
 * Asserts a rule that holds for every request that a client can send.
 * @param rule a sentence that says what holds
 * @throws InvariantError with this sentence when the condition is not true
 */
export function invariant(condition: unknown, rule: string): asserts condition {
  if (condition !== true) throw new InvariantError(rule);
}

/**
 * The value of a look-up that never fails.
 * @param rule a sentence that says why the look-up never fails
 * @throws InvariantError with this sentence when the value is undefined
 */
export function found<T>(value: T | undefined, rule: string): T {
  invariant(value !== undefined, rule);
  return value;
}

/** Marks a branch that no value reaches: the compiler refuses to compile it otherwise. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${String(value)}`);
}
