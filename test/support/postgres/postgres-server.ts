import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import {
  changeOwner,
  programsFor,
  runGuarded,
  unprivileged,
  type Installed,
  type Programs,
} from './postgres-programs.ts';
import { freePort } from '../../../bench/lib/free-port.ts';
import { runSql } from '../store/run-sql.ts';

/** What a server logs when it takes connections; a standby takes read-only ones. */
const READY = /database system is ready to accept (read[- ]only )?connections/;

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
  readonly #password: string;
  /** The guard process of the program that runs now. */
  #guard: ChildProcess | null = null;

  private constructor(
    directory: string,
    programs: Programs,
    port: string,
    settings: PostgresSettings,
    password: string,
  ) {
    this.#directory = directory;
    this.#password = password;
    this.#programs = programs;
    this.#settings = { ...DEFAULTS, ...settings, port };
    const address = `${this.#password}@127.0.0.1:${port}/postgres`;
    this.url = `postgres://opd:${address}`;
    this.superuserUrl = `postgres://postgres:${address}`;
  }

  /**
   * Starts a new server.
   * @param installed the programs; by default those that npm has installed
   * @throws Error with the output of PostgreSQL's programs
   */
  static start(settings: PostgresSettings = {}, installed?: Installed): Promise<PostgresServer> {
    return PostgresServer.#make(settings, installed, randomUUID(), (server) =>
      server.#initialize(),
    );
  }

  /**
   * Starts a standby of this server, from a copy of its data. It follows this server until it is promoted.
   * @param name under which this server knows the standby
   * @throws Error with the output of PostgreSQL's programs
   */
  async startStandby(name: string): Promise<PostgresServer> {
    await runSql(
      this.superuserUrl,
      `CREATE ROLE standby REPLICATION LOGIN PASSWORD '${this.#password}'`,
    );
    const primary = new URL(this.superuserUrl);
    primary.username = 'standby';
    primary.searchParams.set('application_name', name);
    return PostgresServer.#make({}, this.#programs, this.#password, async (standby) => {
      changeOwner(standby.#directory, this.#programs.runAs);
      await standby.#finish(this.#programs.pg_basebackup ?? '', [
        ...['--pgdata', standby.#data, '--dbname', primary.href],
        ...['--write-recovery-conf', '--checkpoint', 'fast', '--no-sync'],
      ]);
      await standby.start();
    });
  }

  static async #make(
    settings: PostgresSettings,
    installed: Installed | undefined,
    password: string,
    fill: (server: PostgresServer) => Promise<void>,
  ): Promise<PostgresServer> {
    const directory = mkdtempSync(join(tmpdir(), 'opd-postgres-'));
    let server: PostgresServer | undefined;
    try {
      const programs =
        installed === undefined
          ? await programsFor(directory)
          : { ...installed, runAs: unprivileged() };
      server = new PostgresServer(directory, programs, await freePort(), settings, password);
      await fill(server);
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
      return READY.test(this.log.slice(from));
    });
  }

  /** Resolves when all processes of the server have ended. The data stays on disk. */
  async stop(mode: StopMode): Promise<void> {
    if (this.#guard === null) return;
    this.#guard.send(SIGNALS[mode]);
    await once(this.#guard, 'close');
  }

  /** Kills all processes of the server with `kill -9`. The main process is the first, because it would start others again. */
  async kill(): Promise<void> {
    const [main = ''] = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n');
    const children = readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').trim().split(' ');
    const closed = this.#guard === null ? undefined : once(this.#guard, 'close');
    for (const pid of [main, ...children])
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // The process has noticed by itself that the main process is gone, and has ended.
      }
    await closed;
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
    changeOwner(this.#directory, this.#programs.runAs);
    await this.#finish(this.#programs.initdb, [
      ...['--pgdata', this.#data, '--username', 'postgres', '--pwfile', passwordFile],
      ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--no-sync', '--no-locale'],
      // Text is sorted as on many real servers, which differs from the order of JavaScript.
      ...['--locale-provider', 'icu', '--icu-locale', 'en-US'],
    ]);
    await this.start();
    // One iteration checks a password as thousands do, and no test guesses one, so that each login takes less time.
    // PostgreSQL 15 does not have the setting.
    await runSql(
      this.superuserUrl,
      `SELECT set_config(name, '1', false) FROM pg_settings WHERE name = 'scram_iterations';
       CREATE ROLE opd LOGIN CREATEDB PASSWORD '${this.#password}';
       ALTER DATABASE postgres OWNER TO opd`,
    );
  }

  /** Runs a program until it ends. */
  async #finish(program: string, args: readonly string[]): Promise<void> {
    const [code] = (await once(this.#run(program, args), 'close')) as [number];
    if (code !== 0) throw new Error(this.log);
  }

  #run(program: string, args: readonly string[]): ChildProcess {
    const guard = runGuarded({
      ...{ directory: this.#directory, program, args },
      runAs: this.#programs.runAs,
    });
    guard.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    guard.on('close', () => (this.#guard = null));
    this.#guard = guard;
    return guard;
  }
}
