import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { ConnectionLostError } from './errors.ts';
import type { Servers } from './servers.ts';
import { ERASING, HOT, OTHERS, STATEMENTS, type StatementName } from './statements.ts';

/** Milliseconds that a statement waits for a row that another transaction has locked. */
const LOCK_TIMEOUT_MS = 2_000;
/** Milliseconds after which the server cancels a statement. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Milliseconds after which the server ends a transaction in which the process sends nothing, because it has stopped. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000;
/** Milliseconds without any response to the statements sent, after which a connection counts as lost. */
const RESPONSE_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The settings of every session. They are set by a statement and not at the login, because a connection pooler refuses
 * or drops most settings there.
 */
const SETTINGS = {
  // A success is on disk, also on the disk of a synchronous standby, whatever the default of the database is.
  synchronous_commit: 'on',
  lock_timeout: LOCK_TIMEOUT_MS,
  statement_timeout: STATEMENT_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
  // Every row is found by a key. A plan made while a table is small must not scan the table when it has grown.
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
};
/** The first statement of every session. */
const FIRST = `SELECT pg_is_in_recovery() AS is_standby, ${Object.entries(SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(', ')}`;

/** The statements of transactions that have parameters. */
const PREPARED = [
  ...Object.values(HOT),
  ...Object.values(ERASING),
  OTHERS.ownersOfRoots,
  OTHERS.foreignSlots,
  OTHERS.restampResponses,
  OTHERS.deleteExpiredResponses,
];

export type Parameter = string | number | null;
export type Row = Readonly<Record<string, unknown>>;
/** The rows of a result, and the command tag with which the server names the statement that it executed. */
export type Rows = readonly Row[] & { readonly command: string };

/** Sends one of our statements and resolves with its rows. */
export type Run = (name: StatementName, ...parameters: readonly Parameter[]) => Promise<Rows>;

/** Replaces NUL characters, because the server's text type has none. No stored id contains one. */
const withoutNul = (parameter: Parameter): Parameter =>
  typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter;

/** The addresses that the driver has read from the URL. */
interface Address {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

export interface SessionOptions {
  /** Milliseconds without a response after which the connection counts as lost; 0 for never. */
  readonly responseTimeoutMs?: number;
  /** Called for every notification of a channel that the session listens to. */
  readonly onnotify?: () => void;
}

/**
 * One connection with one life. The driver itself would reconnect and continue in the middle of a transaction, so a
 * session never connects twice: it is *connecting* at its first statement, then *open*, and *destroyed* when the
 * connection closes, the server gives no response in time, or `destroy` is called. Statements that have no result then
 * are rejected. Statements are pipelined: each is sent at once, without waiting for the results of those before it.
 */
export class Session {
  readonly #servers: Servers;
  readonly #url: string;
  readonly #sql: postgres.Sql<{ bigint: number }>;
  readonly #responseTimeoutMs: number;
  #socket: Socket | undefined;
  #isDestroyed = false;
  #isOpen = false;
  /** Why the session could not be opened. */
  #refusal: Error | undefined;
  #responseTimer: NodeJS.Timeout | undefined;
  /** The functions that reject the statements without a result. */
  readonly #inFlight = new Set<(error: Error) => void>();
  #opened: Promise<unknown> | undefined;
  #prepared: Promise<unknown> | undefined;

  constructor(
    servers: Servers,
    { responseTimeoutMs = RESPONSE_TIMEOUT_MS, onnotify }: SessionOptions = {},
  ) {
    this.#servers = servers;
    this.#url = servers.current;
    this.#responseTimeoutMs = responseTimeoutMs;
    this.#sql = postgres(this.#url, {
      max: 1,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_MS / 1_000,
      fetch_types: false,
      onnotice: () => undefined,
      onclose: () => this.destroy(),
      // All bigint columns are counters and instants: whole numbers that a JavaScript number holds exactly.
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      connection: { application_name: 'opd-token-allocation' },
      ...{ socket: (place: Address) => this.#connect(place), onnotify },
    });
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** Whether the server has accepted the login and is no standby. It stays so when the connection closes. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Closes the connection at once and rejects the statements in flight. */
  destroy(): void {
    if (this.#isDestroyed) return;
    void this.#end(0);
    this.#socket?.destroy();
  }

  /**
   * Lets the server parse all statements of transactions, once for each session and before the first transaction. At the
   * first use the driver would parse and execute in two steps, and the server has no timeout between them: a process
   * that stopped there inside a transaction would hold its locks for ever.
   */
  prepare(): Promise<unknown> {
    this.#prepared ??= Promise.all(
      PREPARED.map((text) => {
        const parameters = new Set(text.match(/\$\d/g)).size;
        const empty = Array<string>(parameters).fill('');
        this.#open();
        return this.#awaitResponse(this.#sql.unsafe(text, empty, { prepare: true }).describe());
      }),
    );
    return this.#prepared;
  }

  readonly run: Run = (name, ...parameters) =>
    this.send(STATEMENTS[name], parameters, { prepare: true });

  /** Sends any SQL text. */
  send(
    text: string,
    parameters: readonly Parameter[] = [],
    options: { readonly prepare?: boolean } = {},
  ): Promise<Rows> {
    if (this.#isDestroyed) return Promise.reject(new ConnectionLostError());
    this.#open();
    return this.#awaitResponse(this.#sql.unsafe<Row[]>(text, parameters.map(withoutNul), options));
  }

  /**
   * Closes the connection after the statements in flight have their results, or after a second. Statements that still
   * wait for the connection are rejected.
   */
  async close(): Promise<void> {
    await this.#end(1);
    this.#socket?.destroy();
  }

  /**
   * Ends the driver and rejects what it leaves without a result.
   * @param timeout seconds that the driver waits for the results of statements in flight
   */
  async #end(timeout: number): Promise<void> {
    this.#isDestroyed = true;
    if (!this.#isOpen) this.#servers.leave(this.#url);
    clearTimeout(this.#responseTimer);
    await this.#sql.end({ timeout });
    // While it connects, the driver keeps all statements but the first one in a queue of its own, and it forgets the queue
    // when the server refuses the login or the driver is ended before the first result.
    for (const reject of this.#inFlight) reject(new ConnectionLostError());
  }

  /** Connects and sends the first statement, unless that was done. A standby is left, because it answers with old rows. */
  #open(): void {
    this.#opened ??= this.#sql.unsafe(FIRST).then(
      ([row]) => {
        if (row?.['is_standby'] === false) this.#isOpen = true;
        else this.#refuse(new ConnectionLostError('the server is a standby'));
      },
      (error: unknown) => this.#refuse(error as Error),
    );
  }

  #refuse(error: Error): void {
    this.#refusal = error;
    this.destroy();
  }

  /**
   * Waits for a result. Every result of the session restarts the response timer.
   * @throws the error of the first statement, if there is one, because the other errors only follow from it
   */
  async #awaitResponse<T>(result: PromiseLike<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    result.then(resolve, reject);
    this.#inFlight.add(reject);
    if (this.#inFlight.size === 1) this.#restartResponseTimer();
    try {
      return await promise;
    } catch (error) {
      throw this.#refusal ?? error;
    } finally {
      this.#inFlight.delete(reject);
      this.#restartResponseTimer();
    }
  }

  #restartResponseTimer(): void {
    clearTimeout(this.#responseTimer);
    if (this.#inFlight.size > 0 && this.#responseTimeoutMs > 0 && !this.#isDestroyed)
      this.#responseTimer = setTimeout(() => this.destroy(), this.#responseTimeoutMs);
  }

  /** Opens the one socket of this session. When the driver asks for another socket, the session is destroyed. */
  #connect({ host: [host = 'localhost'], port: [port = 5_432], path }: Address): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    if (this.#socket !== undefined || this.#isDestroyed) {
      // The driver asks again without any error when a server closes the connection before it has sent anything.
      this.destroy();
      reject(new ConnectionLostError());
      return promise;
    }
    const socket = connect(path ? { path } : { host, port, keepAlive: true });
    this.#socket = socket;
    // The driver checks the server's certificate against this host name.
    Object.assign(socket, { host, port });
    const fail = (error: Error): void => {
      reject(error);
      this.destroy();
    };
    const timer = setTimeout(() => fail(new ConnectionLostError()), CONNECT_TIMEOUT_MS);
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
    return promise.finally(() => clearTimeout(timer));
  }
}
