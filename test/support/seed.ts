/** The seed of the random tests. Their names contain it, and `SEED=... npx vitest ...` runs the same tests again. */
export const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/**
 * The part of a thorough run that the random tests of whole databases do. It is small by default, because each case takes
 * about a second. `TEST_EFFORT=1 npm test` does a thorough run, and a larger number does more.
 */
const effort = Number(process.env['TEST_EFFORT'] ?? 0.25);

/** The number of random cases that a test tries, from the number of a thorough run. */
export const casesOf = (thorough: number): number => Math.ceil(thorough * effort);

/** The end of the name of each random test: how to run the same cases again. */
export const rerun = `(rerun with SEED=${seed})`;
