import { spawn, type SpawnOptions } from 'node:child_process';
import { rmSync } from 'node:fs';

/** A program of PostgreSQL, and the temporary directory in which it works. */
export interface Guarded {
  readonly directory: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The user under which the program runs. Empty: the user who starts it. */
  readonly runAs: Pick<SpawnOptions, 'uid' | 'gid'>;
}

// This process runs between the tests and one program. It forwards signals, and it outlives the tests' process long
// enough to stop the program and remove its files.
const [argument = ''] = process.argv.slice(2);
const { directory, program, args, runAs } = JSON.parse(argument) as Guarded;
const child = spawn(program, args, {
  ...runAs,
  cwd: directory,
  stdio: ['ignore', 'ignore', 'inherit'],
});
let isOrphan = false;

/** Stops the program, because the tests' process has ended, possibly by `kill -9`, and its channel is closed. */
const orphan = (): void => {
  isOrphan = true;
  child.kill('SIGQUIT');
};

process.on('message', (signal) => child.kill(signal as NodeJS.Signals));
process.on('disconnect', orphan);
if (!process.connected) orphan();

child.on('error', ({ message }) => process.stderr.write(`${message}\n`));
child.on('close', (code) => {
  // Processes that initdb has started may still write there for an instant.
  if (isOrphan) rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  process.exit(code ?? 1);
});
