import { causeOf, publish } from './channels.ts';

/** Publishes the end of a background task's run. It has the shape of the hook that such a task calls. */
export function publishRun({
  name,
  ms,
  error,
  faultCount,
}: {
  readonly name: string;
  readonly ms: number;
  /** What the work threw; undefined if the run succeeded. */
  readonly error: unknown;
  readonly faultCount: number;
}): void {
  publish('opd:background-run', () => ({
    name,
    ms,
    fault: error === undefined ? null : causeOf(error),
    faultCount,
  }));
}
