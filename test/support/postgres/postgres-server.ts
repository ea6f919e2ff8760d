import { fork, type ChildProcess } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { lchownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import type { Guarded } from './postgres-guard.ts';
import { programsFor, type Programs } from './postgres-programs.ts';
import { runSql } from '../store/run-sql.ts';

const GUARD = fileURLToPath(new URL('postgres-guard.ts', import.meta.url));
const READY = 'database system is ready to accept connections';

/** Settings by their names in postgresql.conf. */
export type PostgresSettings = Readonly<Record<string, string | number>>;

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** `fast` ends all sessions and shuts down cleanly; `immediate` is a crash, and the next start recovers from it. */
export type StopMode = keyof typeof SIGNALS;

const DEFAULTS: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  // Without fsync a commit still reaches the operating system. It survives every end of the server. It does not survive
  // the end of the machine, but no test causes that.
  fsync: 'off',
  // Autovacuum is off because no database lives long enough to need it, and its workers would make runs differ.
  autovacuum: 'off',
  // The zone is unusual, so that a test fails if the program depends on the server's zone.
  timezone: 'Asia/Kolkata',
};

/** A PostgreSQL server on 127.0.0.1. It ends at the latest with the process that has started it. */
export class PostgresServer {
  /** The URL of an empty database, with its owner as the user. The owner may create databases but is no superuser. */
  readonly url: string;
  /** The same database with a superuser, who can connect even when all other connections are in use. */
  readonly superuserUrl: string;
  /** Everything that the server has logged so far. */
  log = '';
  readonly #directory: string;
  readonly #programs: Programs;
  readonly #settings: PostgresSettings;
  readonly #password = randomUUID();
  /** The guard process of the program that runs now. */
  #guard: ChildProcess | null = null;

  private constructor(
    directory: string,
    programs: Programs,
    port: number,
    settings: PostgresSettings,
  ) {
    this.#directory = directory;
    this.#programs = programs;
    this.#settings = { ...DEFAULTS, ...settings, port };
    const address = `${this.#password}@127.0.0.1:${port}/postgres`;
    this.url = `postgres://opd:${address}`;
    this.superuserUrl = `postgres://postgres:${address}`;
  }

  /**
   * Starts a new server.
   * @throws Error with the output of PostgreSQL's programs
   */
  static async start(settings: PostgresSettings = {}): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'opd-postgres-'));
    let server: PostgresServer | undefined;
    try {
      const programs = await programsFor(directory);
      server = new PostgresServer(directory, programs, await unusedPort(), settings);
      await server.#initialize();
      return server;
    } catch (error) {
      await server?.stop('immediate');
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Starts the server again after a stop, with its data. Resolves when it accepts connections.
   * @throws Error with the server's log, when the server ends before that
   */
  async start(): Promise<void> {
    const from = this.log.length;
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    this.#run(this.#programs.postgres, ['-D', this.#data, ...settings]);
    await eventually(() => {
      if (this.#guard === null) throw new Error(this.log.slice(from));
      return this.log.includes(READY, from);
    });
  }

  /** Resolves when all processes of the server have ended. The data stays on disk. */
  async stop(mode: StopMode): Promise<void> {
    if (this.#guard === null) return;
    this.#guard.send(SIGNALS[mode]);
    await once(this.#guard, 'close');
  }

  async restart(mode: StopMode): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  /** Stops the server and removes its files. */
  async remove(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#directory, 'data');
  }

  async #initialize(): Promise<void> {
    const passwordFile = join(this.#directory, 'password');
    writeFileSync(passwordFile, this.#password);
    this.#changeOwner();
    const initdb = this.#run(this.#programs.initdb, [
      ...['--pgdata', this.#data, '--username', 'postgres', '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-sync', '--no-locale'],
      // Text is sorted as on many real servers, which differs from the order of JavaScript.
      ...['--locale-provider', 'icu', '--icu-locale', 'en-US'],
    ]);
    const [code] = (await once(initdb, 'close')) as [number];
    if (code !== 0) throw new Error(this.log);
    await this.start();
    // One iteration checks a password as thousands do, and no test guesses one, so that each login takes less time.
    await runSql(
      this.superuserUrl,
      `SET scram_iterations = 1;
       CREATE ROLE opd LOGIN CREATEDB PASSWORD '${this.#password}';
       ALTER DATABASE postgres OWNER TO opd`,
    );
  }

  /** Makes the user of the programs the owner of the directory and its files. */
  #changeOwner(): void {
    const { uid, gid } = this.#programs.runAs;
    if (uid === undefined || gid === undefined) return;
    const names = readdirSync(this.#directory, { recursive: true, encoding: 'utf8' });
    for (const name of ['', ...names]) lchownSync(join(this.#directory, name), uid, gid);
  }

  #run(program: string, args: readonly string[]): ChildProcess {
    const { runAs } = this.#programs;
    const guarded: Guarded = { directory: this.#directory, program, args, runAs };
    const guard = fork(GUARD, [JSON.stringify(guarded)], {
      execArgv: [],
      // Detached, because Ctrl-C ends a whole process group at once and the server must run until the tests have ended.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    guard.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    guard.on('close', () => (this.#guard = null));
    this.#guard = guard;
    return guard;
  }
}

/**
 * A free port of 127.0.0.1, below the ports that systems assign on request, so that no other process gets it by chance
 * while the server restarts.
 */
async function unusedPort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_768);
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
