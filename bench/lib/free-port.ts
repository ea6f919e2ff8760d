import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** All ports are below those that systems assign on request, so that no other process gets one by chance. */
const [FIRST, END] = [10_000, 32_768];
/** A worker of a test run has so many ports of its own, because the workers look for free ports at the same time. */
const PORTS_EACH = 1_000;

const { VITEST_POOL_ID: worker } = process.env;
const first = worker === undefined ? FIRST : FIRST + (Number(worker) % 22) * PORTS_EACH;
const count = worker === undefined ? END - FIRST : PORTS_EACH;
let last = randomInt(count);

/**
 * A port of 127.0.0.1 on which no process listens now. It most likely stays free until it is used, also while the process
 * that listens there is stopped and started again.
 */
export async function freePort(): Promise<string> {
  for (;;) {
    last = (last + 1) % count;
    const port = first + last;
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return String(port);
  }
}
