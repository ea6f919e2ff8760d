/** True under vitest: every bench runs once with tiny inputs, so that it cannot rot. */
export const isSmoke = process.env['VITEST'] !== undefined;

/** A size of a bench: the environment's; else tiny in the smoke run, canonical otherwise. */
export function parameter(name: string, small: number, canonical: number): number {
  const given = Number(process.env[name] ?? (isSmoke ? small : canonical));
  if (!Number.isFinite(given) || given < 0) throw new Error(`${name} must be a number, 0 or more.`);
  return given;
}
