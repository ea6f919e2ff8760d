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

/** By name, as in postgresql.conf. */
export type PostgresSettings = Readonly<Record<string, string | number>>;

const SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** `fast` ends all sessions and stops in good order; `immediate` is a crash, and the next start recovers from it. */
export type StopMode = keyof typeof SIGNALS;

const DEFAULTS: PostgresSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 200,
  // A commit is in the hands of the operating system even so: it survives any end of the server, if not of the machine,
  // and no test ends that.
  fsync: 'off',
  // No database lives long enough to need it, and its workers would make runs differ.
  autovacuum: 'off',
  // Neither UTC nor whatever the machine has: nothing may come to depend on the server's zone.
  timezone: 'Asia/Kolkata',
};

/** A PostgreSQL server on 127.0.0.1 that does not outlive the process that has started it. */
export class PostgresServer {
  /** An empty database and its owner, who may create others and is no superuser. */
  readonly url: string;
  /** The same database for a superuser, who gets in even when all other connections are taken. */
  readonly superuserUrl: string;
  /** Everything the server has said so far. */
  log = '';
  readonly #directory: string;
  readonly #programs: Programs;
  readonly #settings: PostgresSettings;
  readonly #password = randomUUID();
  /** The process around the program that runs now. */
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
    const place = `${this.#password}@127.0.0.1:${port}/postgres`;
    this.url = `postgres://opd:${place}`;
    this.superuserUrl = `postgres://postgres:${place}`;
  }

  /**
   * Starts a new server.
   * @throws Error with what its programs have said
   */
  static async start(settings: PostgresSettings = {}): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'opd-postgres-'));
    let server: PostgresServer | undefined;
    try {
      const programs = await programsFor(directory);
      server = new PostgresServer(directory, programs, await portOfNobody(), settings);
      await server.#initialize();
      return server;
    } catch (error) {
      await server?.stop('immediate');
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Starts it again after a stop, with what it has kept; resolves when it takes connections.
   * @throws Error with what it has said, when it ends instead
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

  /** Resolves when nothing of it runs any more; what it has kept stays. */
  async stop(mode: StopMode): Promise<void> {
    if (this.#guard === null) return;
    this.#guard.send(SIGNALS[mode]);
    await once(this.#guard, 'close');
  }

  async restart(mode: StopMode): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  /** Stops it for good, and nothing is left. */
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
    this.#handOver();
    const initdb = this.#run(this.#programs.initdb, [
      ...['--pgdata', this.#data, '--username', 'postgres', '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-sync', '--no-locale'],
      // Text sorts as a hospital's own server may well sort it, and not as JavaScript does.
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

  /** Gives its directory, and what is there already, to whoever it runs as. */
  #handOver(): void {
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
      // Out of reach of Ctrl-C, which ends whole groups of processes at once: tests first finish what they are at.
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
 * A port of 127.0.0.1 that no one listens on, from below the ports that systems give to whoever asks for any: while the
 * server restarts, no one takes it by chance.
 */
async function portOfNobody(): Promise<number> {
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
