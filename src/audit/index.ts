/** The second check of the allocation rules: it replays the change records and compares the result with the tables. */
export { verify, type VerifyReport } from './verify.ts';
export { verifyDatabase } from './verify-database.ts';
