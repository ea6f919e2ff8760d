/** The audit: it replays the change records, checks each against the rules, and compares the result with the tables. */
export { verify, type VerifyReport } from './verify.ts';
export { verifyDatabase } from './verify-database.ts';
