import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Runs `task` of a bench in a process of its own and hands its result back: a clean heap, and code compiled for it alone. */
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

/** The other side: takes the input, answers with the task's result, ends. For a file that is only ever forked. */
export function serveTask(task: (input: never) => unknown): void {
  process.once('message', ({ input }: { input: never }) => {
    void Promise.resolve(task(input)).then((result) => {
      process.send?.(result, () => process.disconnect?.());
    });
  });
}

/** Empties the heap of what is dead, where the process lets us. */
export function collectGarbage(): void {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
}
