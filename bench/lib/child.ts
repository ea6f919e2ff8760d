import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs the task of a bench in a new process and returns its result. The new process has an empty heap and machine code
 * that is compiled for this task alone, so no measurement depends on the one before.
 */
export async function inFreshProcess<Result>(file: string, input: unknown): Promise<Result> {
  const child = fork(file, { execArgv: ['--expose-gc'], serialization: 'advanced' });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const answered = once(child, 'message') as Promise<[Result]>;
  child.send({ input });
  const first = await Promise.race([
    answered.then(([result]) => ({ result })),
    exited.then(([code]) => ({ code })),
  ]);
  if ('code' in first) throw new Error(`${file} ended with ${String(first.code)}, unanswered`);
  await exited;
  return first.result;
}

/** Serves `inFreshProcess` in the new process: receives the input, sends the task's result, ends the process. */
export function serveTask(task: (input: never) => unknown): void {
  process.once('message', ({ input }: { input: never }) => {
    void Promise.resolve(task(input)).then((result) => {
      process.send?.(result, () => process.disconnect?.());
    });
  });
}

/** Sends a message to a process that answers each message with one, and returns its answer. */
export async function ask<Answer>(child: ChildProcess, message: string | object): Promise<Answer> {
  const answered = once(child, 'message') as Promise<[Answer]>;
  child.send(message);
  const [answer] = await answered;
  return answer;
}

/** Collects the garbage of the heap if the process runs with --expose-gc. */
export function collectGarbage(): void {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
}
