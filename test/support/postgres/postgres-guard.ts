import { spawn, type SpawnOptions } from 'node:child_process';
import { rmSync } from 'node:fs';

/** A program of PostgreSQL's, and the temporary directory that it works in. */
export interface Guarded {
  readonly directory: string;
  readonly program: string;
  readonly args: readonly string[];
  /** As whom it runs, if not as whoever starts it. */
  readonly runAs: Pick<SpawnOptions, 'uid' | 'gid'>;
}

// This is a process of its own between the tests and one program: it passes signals on, and outlives the tests' process
// for long enough to clean up after it.
const [argument = ''] = process.argv.slice(2);
const { directory, program, args, runAs } = JSON.parse(argument) as Guarded;
const child = spawn(program, args, {
  ...runAs,
  cwd: directory,
  stdio: ['ignore', 'ignore', 'inherit'],
});
let isOrphan = false;

/** The channel to the tests' process is closed: it has ended, be it by `kill -9`. */
const orphan = (): void => {
  isOrphan = true;
  child.kill('SIGQUIT');
};

process.on('message', (signal) => child.kill(signal as NodeJS.Signals));
process.on('disconnect', orphan);
if (!process.connected) orphan();

child.on('error', ({ message }) => process.stderr.write(`${message}\n`));
child.on('close', (code) => {
  // What initdb has begun may still be writing there for an instant.
  if (isOrphan) rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  process.exit(code ?? 1);
});
