export { publishRun } from './background-run.ts';
export { causeOf, publish, subscribe } from './channels.ts';
export type * from './events.ts';
