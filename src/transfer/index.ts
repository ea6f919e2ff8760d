/** Copies between stores. */
export { copy, type CopyReport } from './copy.ts';
export { migrateStore } from './migrate-store.ts';
