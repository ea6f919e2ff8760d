import postgres from 'postgres';
import { STATEMENTS, type StatementName } from './statements.ts';

/** Milliseconds that a statement waits for a row another transaction holds. */
const LOCK_TIMEOUT_MS = 2_000;
/** Milliseconds after which the server breaks a statement off. */
const STATEMENT_TIMEOUT_MS = 10_000;
/** Milliseconds after which the server ends a transaction whose process has stopped in the midst of it. */
const IDLE_IN_TRANSACTION_MS = 5_000;
/** Milliseconds without a word from the server after which a connection counts as lost. */
const SILENCE_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** Seconds to connect. */
const CONNECT_TIMEOUT_S = 5;

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
  override readonly message = 'The connection to the database is lost.';
}

/**
 * One connection with one life: when it is lost it stays so, for the driver would go on with another one in the midst of
 * a transaction. Statements are sent at once, whether those before are answered or not.
 */
export class Session {
  readonly #sql: postgres.Sql<{ bigint: number }>;
  #isLost = false;
  #silence: NodeJS.Timeout | undefined;
  #unanswered = 0;

  constructor(url: string) {
    this.#sql = postgres(url, {
      max: 1,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_S,
      fetch_types: false,
      onnotice: () => undefined,
      onclose: () => this.lose(),
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
    });
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Gives the connection up; what is unanswered is rejected. */
  lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    clearTimeout(this.#silence);
    void this.#sql.end({ timeout: 0 });
  }

  readonly run: Run = (name, ...parameters) =>
    this.send(STATEMENTS[name], parameters, { prepare: true });

  /** Sends any text. */
  async send(
    text: string,
    parameters: readonly Parameter[] = [],
    options: { readonly prepare?: boolean } = {},
  ): Promise<Rows> {
    if (this.#isLost) throw new LostError();
    this.#unanswered += 1;
    this.#silence ??= setTimeout(() => this.lose(), SILENCE_MS);
    try {
      return await this.#sql.unsafe<Row[]>(text, parameters.map(sendable), options);
    } finally {
      this.#unanswered -= 1;
      if (this.#unanswered === 0) {
        clearTimeout(this.#silence);
        this.#silence = undefined;
      }
    }
  }

  /** Ends it in order. */
  async close(): Promise<void> {
    this.#isLost = true;
    clearTimeout(this.#silence);
    await this.#sql.end({ timeout: 1 });
  }
}

/** Sessions that look: statements of all who read share them. */
const READING = 2;

/** The connections of a process: some for reading, and one for each transaction that is under way. */
export class Pool {
  readonly #url: string;
  readonly #reading: Session[] = [];
  readonly #idle = new Set<Session>();
  readonly #all = new Set<Session>();

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends one statement that is all of its transaction. */
  readonly look: Run = (name, ...parameters) => {
    const session = this.#reading.shift();
    const alive = session === undefined || session.isLost ? this.#open() : session;
    this.#reading.push(alive);
    if (this.#reading.length < READING) this.#reading.push(this.#open());
    return alive.run(name, ...parameters);
  };

  /** A session for one transaction, to be given back. */
  take(): Session {
    for (const session of this.#idle) {
      this.#idle.delete(session);
      if (!session.isLost) return session;
    }
    return this.#open();
  }

  giveBack(session: Session): void {
    if (!session.isLost) this.#idle.add(session);
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#all, (session) => session.close()));
  }

  #open(): Session {
    for (const session of this.#all) if (session.isLost) this.#all.delete(session);
    const session = new Session(this.#url);
    this.#all.add(session);
    return session;
  }
}
