/** True under vitest, where every bench runs once with tiny inputs, so that a broken bench fails the tests. */
export const isSmoke = process.env['VITEST'] !== undefined;

/**
 * Returns a size of a bench: the value of the environment variable if it is set, else the tiny size in the tests and
 * the full size otherwise.
 * @throws Error when the variable is not a number, 0 or more
 */
export function parameter(name: string, tiny: number, full: number): number {
  const given = Number(process.env[name] ?? (isSmoke ? tiny : full));
  if (!Number.isFinite(given) || given < 0) throw new Error(`${name} must be a number, 0 or more.`);
  return given;
}
