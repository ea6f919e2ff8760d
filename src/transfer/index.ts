/** Copies a whole database into one of the other kind. */
export { copy, type CopyReport } from './copy.ts';
export { migrateStore } from './migrate-store.ts';
