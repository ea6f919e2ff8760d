export { publishRun } from './background-run.ts';
export { causeOf, isWatched, publish, subscribe } from './channels.ts';
export type * from './events.ts';
