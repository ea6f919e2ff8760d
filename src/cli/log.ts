import pino, { type Logger } from 'pino';
import { subscribe } from '../telemetry/index.ts';
import { LogOutput } from './log-output.ts';

/** The log of a process, and the output that it is written to. */
export interface Log {
  readonly logger: Logger;
  readonly output: LogOutput;
}

/**
 * Opens the log of the service on standard output. Beside what the service logs, it tells how many lines were dropped,
 * when the store stalls, and what Node warns of.
 * @param level the lowest level that is logged, as pino names it
 */
export function openLog(level: string): Log {
  const output = new LogOutput((lines) => {
    logger.warn({ lines }, 'Log lines were dropped here, because they could not be written.');
  });
  const logger = pino({ level, serializers: { err: errorFacts } }, output);
  logStalls(logger);
  // Node's own listener writes to standard error, and a failure to write there would end the process.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    // Node marks what it strips types with as experimental. The pages use it on purpose, and the tests cover it.
    if (warning.name !== 'ExperimentalWarning') logger.warn({ err: warning }, 'A warning of Node.');
  });
  return { logger, output };
}

/**
 * What is logged of an error. The other fields of an error are left out, because a driver puts rows and parameters into
 * them, and these name patients.
 */
function errorFacts(error: Error & { readonly code?: unknown }): object {
  const { type, message, stack } = pino.stdSerializers.err(error);
  const { code } = error;
  return { type, message, stack, ...(typeof code === 'string' ? { code } : {}) };
}

/** Logs each stall of the store once when it begins, with its cause, and once when it ends, with its length. */
function logStalls(logger: Logger): void {
  const onError = (error: unknown): void => {
    logger.error({ err: error }, 'A stall of the store could not be logged.');
  };
  const begin = ({ cause }: { readonly cause: string }): void => {
    logger.warn({ cause }, 'The database takes no commands now: they are refused until it does.');
  };
  const end = (ms: number): void => {
    logger.warn({ stalled_ms: Math.round(ms) }, 'The database takes commands again.');
  };
  subscribe('opd:commit-stalled', begin, onError);
  subscribe('opd:commit-recovered', ({ stalledMs }) => end(stalledMs), onError);
  subscribe('opd:database-unreachable', begin, onError);
  subscribe('opd:database-reachable', ({ unreachableMs }) => end(unreachableMs), onError);
}
