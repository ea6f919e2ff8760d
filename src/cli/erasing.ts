import type { Logger } from 'pino';
import { BackgroundTask } from '../background/index.ts';
import type { Eraser } from '../service/index.ts';
import { publishRun } from '../telemetry/index.ts';

/** Milliseconds between two runs. Each erases a few slots at most, so that commands find the database free in between. */
const ERASING_MS = 1_000;
const ERASING_RETRY_MS = 5_000;

/** The work that erases names and patient ids in the background: by the retention, and for the program `erase`. */
export function createErasing(eraser: Eraser, logger: Logger, stop: AbortSignal): BackgroundTask {
  let hasFailed = false;
  return new BackgroundTask({
    name: 'erasing',
    periodMs: ERASING_MS,
    retryMs: ERASING_RETRY_MS,
    work: () => eraser.run(),
    onRun: (run) => {
      publishRun(run);
      if (run.error !== undefined && !hasFailed && !stop.aborted)
        logger.warn({ err: run.error }, 'Names are not erased now. It is tried again.');
      hasFailed = run.error !== undefined;
    },
  });
}
