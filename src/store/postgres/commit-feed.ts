import { CommitHints } from '../commit-hints.ts';
import type { Servers } from './servers.ts';
import { Session } from './session.ts';
import { CHANGES_CHANNEL } from './statements.ts';

/** Milliseconds between two hints when no notification comes: the greatest delay that a lost one causes. */
const POLL_MS = 1_000;
/** Milliseconds between two notifications that a process sends. */
const NOTIFY_GAP_MS = 50;

/**
 * Hints at the commits of all processes. A process knows its own commits and notifies the others of them, apart from the
 * transaction: PostgreSQL commits transactions that notify one after another.
 *
 * A notification may be lost with its connection. Therefore, while there are subscribers, a hint is also given every
 * second, and the listening connection is opened again if it was lost.
 */
export class CommitFeed {
  readonly #servers: Servers;
  readonly #notify: () => Promise<unknown>;
  readonly #hints = new CommitHints();
  #subscriptions = 0;
  #poll: NodeJS.Timeout | undefined;
  #session: Session | undefined;
  #gap: NodeJS.Timeout | undefined;
  #isDue = false;

  /** @param notify sends the notification */
  constructor(servers: Servers, notify: () => Promise<unknown>) {
    this.#servers = servers;
    this.#notify = notify;
  }

  /** See `ChangeLog.onCommit`. */
  subscribe(listener: () => unknown): () => void {
    const unsubscribe = this.#hints.subscribe(listener);
    this.#subscriptions += 1;
    if (this.#subscriptions === 1) this.#start();
    return () => {
      if (!unsubscribe()) return;
      this.#subscriptions -= 1;
      if (this.#subscriptions === 0) void this.#stop();
    };
  }

  /** Hints at a commit of this process. */
  publish(): void {
    this.#hints.publish();
    this.#isDue = true;
    if (this.#gap === undefined) this.#notifyOthers();
  }

  /** Ends all subscriptions. */
  async close(): Promise<void> {
    clearTimeout(this.#gap);
    await this.#stop();
  }

  #start(): void {
    this.#poll = setInterval(() => this.#listen(), POLL_MS);
    this.#listen();
  }

  async #stop(): Promise<void> {
    clearInterval(this.#poll);
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  #listen(): void {
    this.#hints.publish();
    if (this.#session?.isDestroyed === false) return;
    const session = new Session(this.#servers, { onnotify: () => this.#hints.publish() });
    this.#session = session;
    session.send(`LISTEN ${CHANGES_CHANNEL}`).then(
      // Commits before the server listened were notified too early to arrive here.
      () => this.#hints.publish(),
      () => session.destroy(),
    );
  }

  /** Sends one notification for all commits since the last one. */
  #notifyOthers(): void {
    this.#gap = undefined;
    if (!this.#isDue) return;
    this.#isDue = false;
    // A notification that fails only delays: the other processes poll every second.
    this.#notify().catch(() => undefined);
    this.#gap = setTimeout(() => this.#notifyOthers(), NOTIFY_GAP_MS);
  }
}
