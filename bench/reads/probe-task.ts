import { Client } from '../lib/client.ts';
import { percentile } from '../lib/statistics.ts';
import { setTimeout as pause } from 'node:timers/promises';

/** What the prober is told: to begin on a server, or to send what it has seen. */
export type ProbeOrder = { readonly url: string } | 'end';

/** The answers to `/health`, in milliseconds. */
export interface Probed {
  readonly longestMs: number;
  readonly p99Ms: number;
  readonly answers: number;
}

/** Milliseconds from an answer to the next request. */
const PAUSE_MS = 3;

/** Asks until it is told to end. */
async function probe(url: string, ended: AbortSignal): Promise<void> {
  const client = new Client(url, 1);
  // The first requests open the connection and warm the client up.
  for (let nth = 0; nth < 50; nth += 1) await client.timedText('/health');
  process.send?.('begun');
  const latencies: number[] = [];
  while (!ended.aborted) {
    latencies.push((await client.timedText('/health')).ms);
    await pause(PAUSE_MS);
  }
  client.close();
  const result: Probed = {
    longestMs: Math.max(...latencies),
    p99Ms: percentile(latencies, 0.99),
    answers: latencies.length,
  };
  process.send?.(result);
}

if (process.send !== undefined && import.meta.main) {
  let ending = new AbortController();
  process.on('message', (order: ProbeOrder) => {
    if (order === 'end') ending.abort();
    else {
      ending = new AbortController();
      void probe(order.url, ending.signal);
    }
  });
}
