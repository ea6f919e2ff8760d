import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** The ports of one worker of a run. No two workers share a port, so that none takes what another has found free. */
const PORTS_EACH = 1_000;
/** All ports are below those that systems assign on request, so that no other process gets one by chance. */
const FIRST = 10_000;
const WORKERS_MAX = 22;

const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS_MAX;
/** It begins anywhere, because another run on this machine may have a worker of the same number. */
let last = randomInt(PORTS_EACH);

/**
 * A port of 127.0.0.1 on which no process listens now. It stays free until the test uses it, also while the test stops
 * the process that listens there and starts another one.
 */
export async function freePort(): Promise<string> {
  for (;;) {
    last = (last + 1) % PORTS_EACH;
    const port = FIRST + worker * PORTS_EACH + last;
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return String(port);
  }
}
