import type { Servers } from './servers.ts';
import { Session, type Run } from './session.ts';

/** Sessions for single statements; all reads share them. */
const READ_SESSIONS = 2;
/** Milliseconds within which a database that can be reached answers a ping. */
const PING_TIMEOUT_MS = 4_000;

/** The connections of a process: some for single statements, and one for each transaction in flight. */
export class Pool {
  readonly #servers: Servers;
  #reading: Session[] = [];
  readonly #idle = new Set<Session>();
  readonly #all = new Set<Session>();
  #isClosed = false;

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  /** Sends one statement that is a transaction of its own. */
  readonly query: Run = (name, ...parameters) => {
    this.#reading = this.#reading.filter((session) => !session.isDestroyed);
    if (this.#reading.length < READ_SESSIONS) this.#reading.unshift(this.#open());
    const [session = this.#open(), ...others] = this.#reading;
    this.#reading = [...others, session];
    return session.run(name, ...parameters);
  };

  /**
   * Sends the smallest statement. When no result comes in time, all sessions for single statements are destroyed, which
   * rejects the ping and every other read that waits on them.
   */
  async ping(): Promise<void> {
    const timer = setTimeout(() => {
      for (const session of this.#reading) session.destroy();
    }, PING_TIMEOUT_MS);
    try {
      await this.query('ping');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns a session for one transaction. The caller releases it when the transaction is over. */
  acquire(): Session {
    for (const session of this.#idle) {
      this.#idle.delete(session);
      if (!session.isDestroyed) return session;
    }
    return this.#open();
  }

  /** Makes a session available to the next transaction, unless it was destroyed. */
  release(session: Session): void {
    if (!session.isDestroyed) this.#idle.add(session);
  }

  /** Closes all sessions. A session that is acquired later is destroyed from the start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Array.from(this.#all, (session) => session.close()));
  }

  #open(): Session {
    for (const session of this.#all) if (session.isDestroyed) this.#all.delete(session);
    const session = new Session(this.#servers);
    if (this.#isClosed) session.destroy();
    this.#all.add(session);
    return session;
  }
}
