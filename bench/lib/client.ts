import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { ToolError } from './tool.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The JSON of the answer; null when the answer has no body. */
  readonly body: unknown;
}

/** Milliseconds without a received byte after which a request fails. */
const TIMEOUT_MS = 60_000;

/** The header that sends an access key; none without a key. */
export const authorizationOf = (key: string | undefined): Readonly<Record<string, string>> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

/** A client of the service over persistent connections; it measures the time of every request. */
export class Client {
  readonly url: string;
  readonly #agent: Agent;
  readonly #authorization: Readonly<Record<string, string>>;
  readonly #latencies: number[] = [];

  /**
   * @param connections requests in flight at most; further requests wait for a free connection
   * @param key the secret of an access key, if the server needs one
   */
  constructor(url: string, connections: number, key?: string) {
    this.url = url;
    this.#authorization = authorizationOf(key);
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** Milliseconds from the start of each request to its whole answer. */
  get latencies(): readonly number[] {
    return this.#latencies;
  }

  get(path: string): Promise<HttpAnswer> {
    return this.send('GET', path, undefined, {});
  }

  /**
   * Sends a GET; returns the body as text and the milliseconds until its last byte, without the time to parse it.
   * @throws ToolError when the status is not 200
   */
  async timedText(path: string): Promise<{ readonly ms: number; readonly text: string }> {
    const startedAt = performance.now();
    const { status, text: answer } = await this.#request('GET', path, undefined, {});
    const ms = performance.now() - startedAt;
    if (status !== 200) throw new ToolError(`GET ${path} is answered with ${status}.`);
    return { ms, text: answer };
  }

  /** Sends a request; returns the status and the body as text. */
  text(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly text: string }> {
    return this.#request(method, path, body === undefined ? undefined : JSON.stringify(body), {});
  }

  post(
    path: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    return this.send('POST', path, JSON.stringify(body), headers);
  }

  put(path: string, body: object): Promise<HttpAnswer> {
    return this.send('PUT', path, JSON.stringify(body), {});
  }

  patch(path: string, body: object): Promise<HttpAnswer> {
    return this.send('PATCH', path, JSON.stringify(body), {});
  }

  delete(path: string): Promise<HttpAnswer> {
    return this.send('DELETE', path, undefined, {});
  }

  /** Closes the connections; a later request opens new ones. */
  close(): void {
    this.#agent.destroy();
  }

  /**
   * Sends a request with any method.
   * @param body in JSON
   * @throws ToolError when no whole answer comes
   */
  async send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    const startedAt = performance.now();
    try {
      return await this.#exchange(method, path, body, headers);
    } catch (error) {
      const reason = error instanceof Error ? error.message || error.name : String(error);
      throw new ToolError(`${method} ${this.url}${path} was not answered: ${reason}.`);
    } finally {
      this.#latencies.push(performance.now() - startedAt);
    }
  }

  async #exchange(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    const {
      status,
      headers: answered,
      text: answer,
    } = await this.#request(method, path, body, headers);
    return {
      status,
      headers: answered,
      body: answer === '' ? null : (JSON.parse(answer) as unknown),
    };
  }

  async #request(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ status: number; headers: IncomingHttpHeaders; text: string }> {
    const exchange = request(`${this.url}${path}`, {
      method,
      agent: this.#agent,
      timeout: TIMEOUT_MS,
      headers: {
        ...this.#authorization,
        ...headers,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    });
    return new Promise((resolve, reject) => {
      exchange.on('error', reject);
      exchange.on('timeout', () => exchange.destroy(new Error('no byte arrived for a minute')));
      exchange.on('response', (response) => {
        text(response)
          .then((answer) => {
            const { statusCode: status = 0, headers: answered } = response;
            resolve({ status, headers: answered, text: answer });
          })
          .catch(reject);
      });
      exchange.end(body);
    });
  }
}

/**
 * Returns the body of a successful answer.
 * @throws ToolError when the status is not 2xx
 */
export function bodyOf(answer: HttpAnswer, what: string): unknown {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new ToolError(`${what} was refused with ${answer.status} ${codeOf(answer)}.`);
}

/** Returns the error code of a refusal (`application/problem+json`); empty for every other answer. */
export function codeOf({ body }: HttpAnswer): string {
  const { code } = (body ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
