import type { Client, HttpAnswer } from '../lib/client.ts';

/** A client of several processes of one service; each request goes to the next process, as with a load balancer. */
export class RoundRobinClient {
  readonly #clients: readonly Client[];
  #requests = 0;

  constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  /** The addresses of the processes. */
  get urls(): string {
    return this.#clients.map(({ url }) => url).join(', ');
  }

  /** Milliseconds from the start of each request to its whole answer. */
  get latencies(): readonly number[] {
    return this.#clients.flatMap(({ latencies }) => latencies);
  }

  get(path: string): Promise<HttpAnswer> {
    return this.#next().get(path);
  }

  post(...request: Parameters<Client['post']>): Promise<HttpAnswer> {
    return this.#next().post(...request);
  }

  put(...request: Parameters<Client['put']>): Promise<HttpAnswer> {
    return this.#next().put(...request);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #next(): Client {
    const client = this.#clients[this.#requests % this.#clients.length];
    if (client === undefined) throw new Error('a RoundRobinClient needs at least one client');
    this.#requests += 1;
    return client;
  }
}
