import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, LoadResult } from './load-task.ts';
import { ToolError } from './tool.ts';

const TASK = fileURLToPath(new URL('./load-task.ts', import.meta.url));

/** autocannon in its own process, because its processor time must not count as the server's. */
export interface LoadGenerator {
  /** @throws ToolError when a request was not answered with a status 2xx */
  send(load: Load): Promise<LoadResult>;
  stop(): void;
}

/** Starts a load generator. A bench uses one for all its servers, because its code is then equally compiled for each. */
export function startLoadGenerator(): LoadGenerator {
  const child = fork(TASK, { serialization: 'advanced' });
  const died = once(child, 'exit').then(() => {
    throw new ToolError('The load generator has ended.');
  });
  died.catch(() => undefined);
  return {
    async send(load) {
      const answered = once(child, 'message') as Promise<[LoadResult]>;
      child.send(load);
      const [result] = await Promise.race([answered, died]);
      const { errors, statuses } = result;
      if (errors > 0 || Object.keys(statuses).some((status) => !status.startsWith('2')))
        throw new ToolError(
          `Not every request succeeded: ${JSON.stringify(statuses)}, ${errors} without an answer.`,
        );
      return result;
    },
    stop: () => void child.kill(),
  };
}
