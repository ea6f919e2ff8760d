import { setTimeout as delay } from 'node:timers/promises';
import { Session, type Run } from './session.ts';

/** Sessions that look: statements of all who read share them. */
const READ_SESSIONS = 2;
/** Milliseconds within which a database that can be reached answers the least question. */
const PING_MS = 4_000;

/** The connections of a process: some for reading, and one for each transaction that is under way. */
export class Pool {
  readonly #url: string;
  #reading: Session[] = [];
  readonly #idle = new Set<Session>();
  readonly #all = new Set<Session>();
  #isClosed = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends one statement that is all of its transaction. */
  readonly query: Run = (name, ...parameters) => {
    this.#reading = this.#reading.filter((session) => !session.isDestroyed);
    if (this.#reading.length < READ_SESSIONS) this.#reading.unshift(this.#open());
    const [session = this.#open(), ...others] = this.#reading;
    this.#reading = [...others, session];
    return session.run(name, ...parameters);
  };

  /** Asks for the least there is; who else waits for an answer that does not come waits no longer. */
  async ping(): Promise<void> {
    const patience = new AbortController();
    const silence = delay(PING_MS, undefined, { signal: patience.signal }).then(() => {
      for (const session of this.#reading) session.destroy();
    });
    silence.catch(() => undefined);
    try {
      await this.query('ping');
    } finally {
      patience.abort();
    }
  }

  /** A session for one transaction, to be given back. */
  take(): Session {
    for (const session of this.#idle) {
      this.#idle.delete(session);
      if (!session.isDestroyed) return session;
    }
    return this.#open();
  }

  release(session: Session): void {
    if (!session.isDestroyed) this.#idle.add(session);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Array.from(this.#all, (session) => session.close()));
  }

  #open(): Session {
    for (const session of this.#all) if (session.isDestroyed) this.#all.delete(session);
    const session = new Session(this.#url);
    if (this.#isClosed) session.destroy();
    this.#all.add(session);
    return session;
  }
}
