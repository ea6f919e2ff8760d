import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, LoadResult } from './load-task.ts';
import { ToolError } from './tool.ts';

const TASK = fileURLToPath(new URL('./load-task.ts', import.meta.url));

/** autocannon in a process of its own, so that what it costs is not the server's. */
export interface LoadGenerator {
  /** @throws ToolError when a request was not answered with a success */
  send(load: Load): Promise<LoadResult>;
  stop(): void;
}

/** Starts a load generator; one serves all servers of a bench in turn, so that it is equally warm for each. */
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
