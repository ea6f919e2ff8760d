import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { HOT, OTHERS, STATEMENTS, type StatementName } from './statements.ts';

/** Milliseconds that a statement waits for a row another transaction holds. */
const LOCK_TIMEOUT_MS = 2_000;
/** Milliseconds after which the server breaks a statement off. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Milliseconds after which the server ends a transaction whose process has stopped in the midst of it. */
const IDLE_IN_TRANSACTION_MS = 5_000;
/** Milliseconds without a word from the server, while it is asked something, after which a connection counts as lost. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** Milliseconds to connect. */
const CONNECT_TIMEOUT_MS = 5_000;

export type Parameter = string | number | null;
export type Row = Readonly<Record<string, unknown>>;
/** The rows of an answer, and the command that the server says it carried out. */
export type Rows = readonly Row[] & { readonly command: string };

/** Sends one of our statements. */
export type Run = (name: StatementName, ...parameters: readonly Parameter[]) => Promise<Rows>;

/** A text as the server can take it: it has no character for zero, and no id has one. */
const sendable = (parameter: Parameter): Parameter =>
  typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter;

class LostError extends Error {
  readonly code = 'CONNECTION_CLOSED';
  override readonly message = 'the connection is lost';
}

/** What the driver knows of where to connect to. */
interface Place {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

/**
 * One connection with one life: when it is lost it stays so, for the driver would go on with another one in the midst of
 * a transaction. Statements are sent at once, whether those before are answered or not.
 */
export class Session {
  readonly #sql: postgres.Sql<{ bigint: number }>;
  readonly #silenceMs: number;
  #socket: Socket | undefined;
  #isDestroyed = false;
  #silence: NodeJS.Timeout | undefined;
  #unanswered = 0;
  #prepared: Promise<unknown> | undefined;

  /** @param silenceMs after which it counts as lost, 0 for never */
  constructor(url: string, silenceMs = SILENCE_MS) {
    this.#silenceMs = silenceMs;
    this.#sql = postgres(url, {
      max: 1,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_MS / 1_000,
      fetch_types: false,
      // One that has become a standby answers from the past.
      target_session_attrs: 'primary',
      onnotice: () => undefined,
      onclose: () => this.destroy(),
      // Counters and instants: all of them whole numbers that JavaScript has exactly.
      types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
      connection: {
        application_name: 'opd-token-allocation',
        lock_timeout: LOCK_TIMEOUT_MS,
        statement_timeout: STATEMENT_TIMEOUT_MS,
        idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
        // Rows are looked up by their keys: a plan made while a table was small must not scan it when it has grown.
        enable_seqscan: 'off',
        enable_hashjoin: 'off',
        enable_mergejoin: 'off',
      },
      ...{ socket: (place: Place) => this.#connect(place) },
    });
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** Gives the connection up; what is unanswered is rejected. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    clearTimeout(this.#silence);
    void this.#sql.end({ timeout: 0 });
    this.#socket?.destroy();
  }

  /**
   * Has the server parse, once, what transactions send. The driver would do it in two steps at the first use, and between
   * them no timeout of the server runs: who stopped there in a transaction would hold its locks for ever.
   */
  prepare(): Promise<unknown> {
    this.#prepared ??= Promise.all(
      [...Object.values(HOT), OTHERS.ownersOfRoots, OTHERS.forgetAnswers].map((text) => {
        const parameters = new Set(text.match(/\$\d/g)).size;
        const empty = Array<string>(parameters).fill('');
        return this.#heard(this.#sql.unsafe(text, empty, { prepare: true }).describe());
      }),
    );
    return this.#prepared;
  }

  readonly run: Run = (name, ...parameters) =>
    this.send(STATEMENTS[name], parameters, { prepare: true });

  /** Sends any text. */
  send(
    text: string,
    parameters: readonly Parameter[] = [],
    options: { readonly prepare?: boolean } = {},
  ): Promise<Rows> {
    if (this.#isDestroyed) return Promise.reject(new LostError());
    return this.#heard(this.#sql.unsafe<Row[]>(text, parameters.map(sendable), options));
  }

  /** Ends it in order. */
  async close(): Promise<void> {
    this.#isDestroyed = true;
    clearTimeout(this.#silence);
    await this.#sql.end({ timeout: 1 });
    this.#socket?.destroy();
  }

  /** Waits for an answer, and for the server to say anything at all. */
  async #heard<T>(answer: PromiseLike<T>): Promise<T> {
    this.#unanswered += 1;
    if (this.#unanswered === 1) this.#listen();
    try {
      return await answer;
    } finally {
      this.#unanswered -= 1;
      this.#listen();
    }
  }

  #listen(): void {
    clearTimeout(this.#silence);
    if (this.#unanswered > 0 && this.#silenceMs > 0 && !this.#isDestroyed)
      this.#silence = setTimeout(() => this.destroy(), this.#silenceMs);
  }

  /** The one socket of this session: asked for another, the driver is told that there is none. */
  #connect({ host: [host = 'localhost'], port: [port = 5_432], path }: Place): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    if (this.#socket !== undefined || this.#isDestroyed) {
      // The driver asks again, and tells nobody, when a server hangs up before it has said a word.
      this.destroy();
      reject(new LostError());
      return promise;
    }
    const socket = connect(path ? { path } : { host, port, keepAlive: true });
    this.#socket = socket;
    // The driver takes the name of a server's certificate from here.
    Object.assign(socket, { host, port });
    const fail = (error: Error): void => {
      reject(error);
      this.destroy();
    };
    const timer = setTimeout(() => fail(new LostError()), CONNECT_TIMEOUT_MS);
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
    return promise.finally(() => clearTimeout(timer));
  }
}
