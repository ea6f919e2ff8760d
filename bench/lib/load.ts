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
  const generator = startGenerator<Load, LoadResult>(TASK);
  return {
    async send(load) {
      const result = await generator.send(load);
      const { errors, statuses } = result;
      if (errors > 0 || Object.keys(statuses).some((status) => !status.startsWith('2')))
        throw new ToolError(
          `Not every request succeeded: ${JSON.stringify(statuses)}, ${errors} without an answer.`,
        );
      return result;
    },
    stop: () => generator.stop(),
  };
}

/** A process that sends loads of one kind. */
export interface Generator<Kind extends object, Result> {
  send(load: Kind): Promise<Result>;
  stop(): void;
}

/** Starts a process of a load generator: the file receives loads as messages and answers each with its result. */
export function startGenerator<Kind extends object, Result>(file: string): Generator<Kind, Result> {
  const child = fork(file, { serialization: 'advanced' });
  const died = once(child, 'exit').then(() => {
    throw new ToolError('The load generator has ended.');
  });
  died.catch(() => undefined);
  return {
    async send(load) {
      const answered = once(child, 'message') as Promise<[Result]>;
      child.send(load);
      const [result] = await Promise.race([answered, died]);
      return result;
    },
    stop: () => void child.kill(),
  };
}
