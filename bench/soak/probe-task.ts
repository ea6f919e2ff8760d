import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { required } from '../lib/required.ts';

/** What the soak tells the service's process. */
export interface ProbeOrder {
  /** Milliseconds by which the service's clock is ahead of the machine's; negative when it is behind. */
  readonly aheadMs: number;
}

// The service loads this file at its start when it is soaked. On SIGWINCH, which means nothing to a service, it reads the
// order in the file of PROBE_FILE, sets the clock of the process, collects the garbage, and writes the bytes of its heap.
// Only the main thread reads the clock.

if (isMainThread) {
  const file = required(process.env['PROBE_FILE']);
  const machineClock = Date.now;
  let aheadMs = 0;
  const obey = (): void => {
    ({ aheadMs } = JSON.parse(readFileSync(file, 'utf8')) as ProbeOrder);
  };
  obey();
  Date.now = () => machineClock() + aheadMs;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  process.on('SIGWINCH', () => {
    obey();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync(`${file}.new`, String(heapUsed + external));
    renameSync(`${file}.new`, `${file}.answer`);
  });
}
