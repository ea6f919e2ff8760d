import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { required } from '../lib/required.ts';

// The service loads this file at its start when a bench measures it. It measures the processor time of the longest turn of
// the event loop, which is the time that no other request can be answered, whatever else the machine does. On SIGWINCH,
// which means nothing to a service, it writes the milliseconds to the file of TURNS_FILE and begins anew.

if (isMainThread) {
  const file = required(process.env['TURNS_FILE']);
  let longestUs = 0;
  let last = process.threadCpuUsage();
  // A turn that takes longer than the period ends with a call.
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    longestUs = Math.max(longestUs, user + system);
  }, 1).unref();
  process.on('SIGWINCH', () => {
    writeFileSync(file, String(longestUs / 1_000));
    longestUs = 0;
  });
}
