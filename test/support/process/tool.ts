import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { bundleOf } from './bundle-of.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface ToolRun {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program of this project until it ends: its bundle if there is one. `file` is relative to the project's root. */
export async function runTool(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ToolRun> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [bundleOf(file), ...args], {
    cwd: ROOT,
    env: { PATH, NODE_COMPILE_CACHE, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: child.exitCode, output, errors };
}
