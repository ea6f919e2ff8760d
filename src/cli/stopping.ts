import { setTimeout as delay } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { Logger } from 'pino';
import type { BackgroundTask } from '../background/index.ts';
import type { Service } from '../service/index.ts';
import { NotDurableError, type Store } from '../store/index.ts';
import type { Webhooks } from '../webhooks/index.ts';
import type { Log } from './log.ts';

/** Milliseconds in which the last log lines of a stopping process must be written. */
const LAST_LOG_LINES_MS = 1_000;
/** Milliseconds that the last log line gets when the process is killed. */
const KILL_PAUSE_MS = 100;
/** Milliseconds between two searches for idle connections while the process stops. */
const IDLE_SWEEP_MS = 50;
/** Milliseconds that loading, and after it the requests in flight, may take to finish once the process must stop. */
const FINISH_MS = 3_000;
/** Milliseconds after which a stopping process ends, whatever it still does. */
const STOP_MS = 10_000;
/** Milliseconds in which a stopping process sends the last traces. */
const LAST_TRACES_MS = 1_000;

/** A server of HTTP, as Fastify makes it. */
interface App {
  /** Accepts no more connections, and resolves when all of them are closed. */
  readonly close: () => PromiseLike<unknown>;
  readonly server: {
    readonly closeIdleConnections: () => void;
    readonly closeAllConnections: () => void;
  };
}

/** What a process stops, and what it needs for that. */
export interface Stoppable {
  readonly app: App;
  /** Serves the metrics at an address of its own; null if the service itself serves them. */
  readonly metricsApp: App | null;
  /** What sends traces. Null if no receiver of traces is set. */
  readonly tracing: { readonly stop: () => Promise<void> } | null;
  readonly service: Service;
  readonly store: Store;
  readonly ticks: BackgroundTask;
  /** Reads the access keys again and again. */
  readonly keyReads: BackgroundTask;
  /** Erases names and patient ids. */
  readonly erasing: BackgroundTask;
  readonly webhooks: Webhooks;
  readonly logger: Logger;
  readonly output: Log['output'];
  /** Aborted as soon as the process must stop. */
  readonly stop: AbortSignal;
}

/** Ends the process when the store fails, because only a new process can load what is stored. */
export function stopOnStoreFailure({ store, logger, output, stop }: Stoppable): void {
  void store.failure.then((error) => {
    if (stop.aborted && error instanceof NotDurableError) {
      logger.warn(
        { err: error },
        'Commands that waited for the disk are dropped: none of them was answered.',
      );
      return;
    }
    logger.error({ err: error }, `The store has failed: stopping. ${error.message}`);
    void endProcess(output, 1);
  });
}

/** Lets the requests in flight finish for `FINISH_MS`, then closes the connections that are still open. */
async function closeConnections({ app, metricsApp, logger }: Stoppable): Promise<void> {
  // A connection that is kept alive becomes idle only when its requests in flight are answered.
  const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS);
  const end = setTimeout(() => {
    logger.warn('Requests are still unfinished: closing their connections without an answer.');
    app.server.closeAllConnections();
  }, FINISH_MS);
  await app.close();
  await metricsApp?.close();
  clearInterval(sweep);
  clearTimeout(end);
}

/**
 * Ends the process at once, whatever it still does. It does not call `process.exit`, because that waits for a thread
 * that hangs in a system call. The pause lets another thread write the line that was logged last.
 */
function killProcess(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, KILL_PAUSE_MS);
  process.kill(process.pid, 'SIGKILL');
}

/** Writes the last log lines and ends the process, also when nothing reads the log any more. */
async function endProcess(output: Log['output'], exitCode: number): Promise<void> {
  if (await output.end(LAST_LOG_LINES_MS)) process.exit(exitCode);
  killProcess();
}

/** Stops the process in order when a signal or an unforeseen error arrives, also while state is loading. */
export function stopOnSignal(
  parts: Stoppable,
  started: Promise<void>,
  stopping: AbortController,
): void {
  const { service, store, ticks, keyReads, erasing, webhooks, tracing, logger, output } = parts;
  const kill = (facts: object, message: string): void => {
    logger.error(facts, message);
    killProcess();
  };
  closeWithGrace(
    {
      delay: STOP_MS,
      logger,
      onTimeout: () => kill({}, 'The process has not stopped in time: killing it.'),
      onSecondSignal: (signal) => kill({ signal }, 'A second signal: killing the process.'),
      onSecondError: (err) => kill({ err }, 'A second unforeseen error: killing the process.'),
    },
    async ({ err, signal }) => {
      stopping.abort();
      const backgroundOver = Promise.all([ticks.stop(), keyReads.stop(), erasing.stop()]);
      // The progress of the deliveries must be stored before the store closes.
      const deliveriesOver = webhooks.stop();
      if (err) logger.error({ err }, 'An unforeseen error: stopping.');
      else logger.info({ signal }, 'Stopping.');
      service.stop();
      await Promise.race([started.catch(() => undefined), delay(FINISH_MS)]);
      // Stops the service a second time, because a service that was loading began to serve when loading finished.
      service.stop();
      await closeConnections(parts);
      await deliveriesOver;
      await store.close();
      // A tick in flight may wait for the disk, so it is awaited only when the store has given up or written it.
      await backgroundOver;
      await Promise.race([tracing?.stop(), delay(LAST_TRACES_MS)]);
      logger.info('Stopped.');
      await endProcess(output, err ? 1 : 0);
    },
  );
}
