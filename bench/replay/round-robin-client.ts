import type { Client, HttpAnswer } from '../lib/client.ts';

/** Processes of one service that are asked in turn, as a load balancer would: each request goes to the next of them. */
export class InTurn {
  readonly #clients: readonly Client[];
  #requests = 0;

  constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  /** Where the processes listen. */
  get urls(): string {
    return this.#clients.map(({ url }) => url).join(', ');
  }

  /** Milliseconds that each request took until its answer was there. */
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
    if (client === undefined) throw new Error('there is a process to ask');
    this.#requests += 1;
    return client;
  }
}
