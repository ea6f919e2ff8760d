import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';
import { environmentOf, MAIN, ServerProcess } from './server-process.ts';

/** Why a test cannot make a pseudo-terminal on this machine; null when it can. */
export const noTerminal = ['script', 'setsid'].every(
  (program) => spawnSync(program, ['--version']).error === undefined,
)
  ? null
  : 'there are no programs `script` and `setsid`, which make a pseudo-terminal';

/** The end of the name of a test that needs a terminal, so that a skipped test says why. */
export const needsTerminal = noTerminal === null ? '' : ` (skipped: ${noTerminal})`;

/** A service on a pseudo-terminal. Its process is not a child of the test, so its exit code cannot be seen. */
export class ServerOnTerminal {
  /** The service, without its output. Its signals go to the program that holds the terminal. */
  readonly server: ServerProcess;
  readonly #terminal: ChildProcess;
  #pid = 0;
  #shown = '';

  private constructor(terminal: ChildProcess, url: string) {
    this.#terminal = terminal;
    this.server = new ServerProcess(terminal);
    this.server.url = url;
    terminal.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#shown += text));
    onTestFinished(() => {
      terminal.kill('SIGKILL');
      if (!this.hasEnded) process.kill(this.#pid, 'SIGKILL');
    });
  }

  /**
   * Starts the service and waits until it takes commands.
   * @param settings must name a PORT
   * @param isOwner whether the service ends with its terminal, like a program that a person has started on it; otherwise
   *   it runs on without, like a program that was started in the background
   */
  static async start(
    settings: Readonly<Record<string, string>> & { readonly PORT: string },
    isOwner: boolean,
  ): Promise<ServerOnTerminal> {
    const program = `echo "pid=$$."; exec "${process.execPath}" "${MAIN}"`;
    const command = isOwner ? program : `setsid sh -c '${program}' & wait`;
    const child = spawn(
      'script',
      ['--quiet', '--return', '--flush', '--command', command, '/dev/null'],
      { env: { ...environmentOf(settings), SHELL: '/bin/sh' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const started = new ServerOnTerminal(child, `http://127.0.0.1:${settings.PORT}`);
    await eventually(async () => {
      started.#pid = Number(/pid=(\d+)\./.exec(started.#shown)?.[1] ?? 0);
      return (await started.server.get('/ready').catch(() => null))?.status === 200;
    });
    return started;
  }

  get hasEnded(): boolean {
    const status = `/proc/${this.#pid}/status`;
    // A process that has ended may stay in the list of processes, because its parent does not ask for its exit code.
    return !existsSync(status) || /^State:\s+Z/m.test(readFileSync(status, 'utf8'));
  }

  /** Stops showing what the service writes, like a person who presses Ctrl-S. */
  pause(): void {
    this.#terminal.stdout?.pause();
  }

  /** Closes the terminal. A write gets EIO from now on. */
  close(): void {
    this.#terminal.kill('SIGKILL');
  }

  /** Sends SIGTERM to the service; resolves when it has ended. */
  async stop(): Promise<void> {
    process.kill(this.#pid, 'SIGTERM');
    await eventually(() => this.hasEnded);
  }
}
