export { causeOf, publish, subscribe } from './channels.ts';
export type * from './events.ts';
