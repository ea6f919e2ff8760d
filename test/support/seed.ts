/** The seed of this run's random tests; they name it, and `SEED=... npx vitest ...` runs the same tests again. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/**
 * How much of a thorough run the random tests of whole databases do, because each of their cases takes about a second:
 * `TEST_EFFORT=1 npm test` does all of it, and a larger number does more.
 */
const effort = Number(process.env['TEST_EFFORT'] ?? 0.25);

/** How many random cases a test tries, of those that it tries in a thorough run. */
export const casesOf = (thorough: number): number => Math.ceil(thorough * effort);

/** Ends the name of a random test. */
export const rerun = `(rerun with SEED=${seed})`;
