/** The seed of this run's random tests; they name it, and `SEED=... npx vitest ...` runs the same tests again. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Ends the name of a random test. */
export const rerun = `(rerun with SEED=${seed})`;
