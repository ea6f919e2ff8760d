/**
 * The URLs of the servers that a URL names. `postgres://user:password@one:5432,two:5432/database` names two: a primary
 * and its standby, in any order.
 */
export function serversOf(url: string): readonly string[] {
  const [, before = '', hosts = '', after = ''] =
    /^(\w+:\/\/(?:[^/?@]*@)?)([^/?@]*)(.*)$/s.exec(url) ?? [];
  return hosts.includes(',') ? hosts.split(',').map((host) => before + host + after) : [url];
}

/**
 * The servers of a database, one of which is the primary. All sessions are opened on the current one. When a session
 * cannot be opened there, the next server becomes the current one, so that retries find the primary, also after a standby
 * was promoted.
 */
export class Servers {
  readonly #urls: readonly string[];
  #current = 0;

  constructor(url: string) {
    this.#urls = serversOf(url);
  }

  get count(): number {
    return this.#urls.length;
  }

  /** The URL of the current server. */
  get current(): string {
    return this.#urls[this.#current] ?? '';
  }

  /** Makes the next server the current one, if this is still the current one. */
  leave(url: string): void {
    if (url === this.current) this.#current = (this.#current + 1) % this.#urls.length;
  }
}
