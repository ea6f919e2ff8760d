import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ask } from '../lib/child.ts';

const RECEIVER = fileURLToPath(new URL('./receiver.ts', import.meta.url));

/** What has come to a receiver. */
export interface Count {
  readonly received: number;
  /** Whether the events of each doctor came in their order. */
  readonly isInOrder: boolean;
}

/** A receiver of webhooks in a process of its own. */
export interface BenchReceiver {
  readonly url: string;
  /** What has come so far. */
  count(): Promise<Count>;
  stop(): void;
}

/** Starts a receiver that answers at once. */
export async function startReceiver(): Promise<BenchReceiver> {
  const child = fork(RECEIVER);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    url: `http://127.0.0.1:${port}/`,
    count: () => ask<Count>(child, 'count'),
    stop: () => child.disconnect(),
  };
}
