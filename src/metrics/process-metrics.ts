import { collectDefaultMetrics, Counter, Gauge } from 'prom-client';
import { SECOND_MS, type Watch } from './watch.ts';

export interface ProcessSources {
  /** The version of the program. */
  readonly version: string;
  /**
   * Whether the process is measured too: its processor time, memory, descriptors, garbage collection and event loop. Only
   * one `createMetrics` of a process does that, because `close` cannot end these measurements.
   */
  readonly measuresProcess: boolean;
}

/** The process: its version, its background tasks, its log, and what the package measures of every process. */
export function watchProcess(
  { registry, listen }: Watch,
  { version, measuresProcess }: ProcessSources,
): void {
  const registers = [registry];
  new Gauge({
    name: 'opd_build_info',
    help: 'Always 1; the label is the version of the program.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const runs = new Counter({
    name: 'opd_background_runs_total',
    help: 'Runs of background tasks by result: ok or failed.',
    labelNames: ['task', 'result'],
    registers,
  });
  const lastSuccess = new Gauge({
    name: 'opd_background_last_success_timestamp_seconds',
    help: 'When a background task last succeeded, in seconds since 1970.',
    labelNames: ['task'],
    registers,
  });
  listen('opd:background-run', ({ name: task, fault }) => {
    runs.inc({ task, result: fault === null ? 'ok' : 'failed' });
    if (fault === null) lastSuccess.set({ task }, Date.now() / SECOND_MS);
  });
  const lines = new Counter({
    name: 'opd_log_lines_dropped_total',
    help: 'Lines of the log that were dropped, because the output did not take them.',
    registers,
  });
  listen('opd:log-dropped', (event) => lines.inc(event.lines));
  if (measuresProcess) collectDefaultMetrics({ register: registry });
}
