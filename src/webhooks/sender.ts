import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { Agent as HttpAgent, request as requestHttp, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { addressIn, isPublicAddress, urlFaultOf } from './address.ts';
import { retryAfterMsOf } from './back-off.ts';

/** Milliseconds that a try may take, from the look-up of the name to the head of the answer. */
export const TRY_MS = 10_000;
/** Milliseconds that the body of an answer may take after its head. What has come by then is kept. */
const BODY_MS = 1_000;
/** Bytes of an answer that are kept; the connection ends when more than `BODY_BYTES_MAX` come. */
export const ANSWER_BYTES_MAX = 512;
const BODY_BYTES_MAX = 16_384;
/** Look-ups of names at the same time. A look-up may block one of the few threads of the process for seconds. */
const LOOKUPS_MAX = 2;
/** Milliseconds after which an idle connection is closed. */
const IDLE_MS = 15_000;

/** Resolves a name to all its addresses. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface SenderOptions {
  /** Whether requests may go to any address, and without TLS. */
  readonly allowsPrivate: boolean;
  /** By default the resolver of the system. */
  readonly resolve?: Resolve;
  /** See `TRY_MS`. */
  readonly tryMs?: number;
  readonly userAgent: string;
}

/** What a try has brought. */
export interface SentAnswer {
  /** Null when there was no answer. */
  readonly status: number | null;
  /** The first bytes of the answer. */
  readonly text: string | null;
  /** Why there was no answer: a code. */
  readonly error: string | null;
  /** What the answer asks for in `Retry-After`. */
  readonly retryAfterMs: number | null;
}

/** The address that a request would go to is not allowed. */
class AddressError extends Error {
  override readonly name = 'AddressError';
  readonly code = 'OPD_ADDRESS_NOT_PUBLIC';
}

/**
 * Sends messages to webhooks. It follows no redirect, reads no setting of a proxy, and connects only to addresses that are
 * allowed: the address is checked after the look-up of the name and handed to the connection, so that a name cannot lead
 * elsewhere a moment later.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #lookup: LookupFunction;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(options: SenderOptions) {
    this.#options = options;
    const resolve = inTurn(options.resolve ?? resolveBySystem, LOOKUPS_MAX);
    this.#lookup = (hostname, { all }, callback) => {
      resolve(hostname).then(
        (addresses) => {
          const allowed = addresses.filter(({ address }) => this.#allows(address));
          const [first] = allowed;
          if (first === undefined) callback(new AddressError(), '');
          else if (all === true) callback(null, [...allowed]);
          else callback(null, first.address, first.family);
        },
        (error: unknown) => callback(error as NodeJS.ErrnoException, ''),
      );
    };
    const settings = { keepAlive: true, timeout: IDLE_MS, scheduling: 'lifo' } as const;
    this.#agents = { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
  }

  /**
   * Posts JSON and resolves with the answer, or with the reason why there is none; it does not reject.
   * @param signal ends the try at once
   */
  async post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<SentAnswer> {
    const fault = urlFaultOf(url, this.#options.allowsPrivate);
    if (fault !== undefined) return without('OPD_URL');
    const target = new URL(url);
    const address = addressIn(target);
    // Node looks up no name that is an address.
    if (address !== undefined && !this.#allows(address)) return without(new AddressError().code);
    const first = await this.#try(target, headers, body, signal);
    // The server may close an idle connection in the moment in which it is used again.
    return first ?? (await this.#try(target, headers, body, signal)) ?? without('ECONNRESET');
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #allows(address: string): boolean {
    return this.#options.allowsPrivate || isPublicAddress(address);
  }

  /** @returns undefined when a connection that was used before has ended before it brought an answer */
  async #try(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<SentAnswer | undefined> {
    if (signal.aborted) return without('OPD_STOPPED');
    const isHttps = url.protocol === 'https:';
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = (isHttps ? requestHttps : requestHttp)(url, {
      method: 'POST',
      agent: isHttps ? this.#agents.https : this.#agents.http,
      lookup: this.#lookup,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': this.#options.userAgent,
      },
    });
    request.once('response', resolve);
    request.on('error', reject);
    // Without an error the connection ends too, for example when the server switches protocols.
    request.once('close', () => reject(new Error('closed')));
    const endWith = (code: string): void => {
      request.destroy(Object.assign(new Error('ended'), { code }));
    };
    const timer = setTimeout(endWith, this.#options.tryMs ?? TRY_MS, 'OPD_TIMEOUT');
    const stop = (): void => endWith('OPD_STOPPED');
    signal.addEventListener('abort', stop, { once: true });
    request.end(body);
    try {
      const answer = await promise;
      const text = await firstBytesOf(answer);
      const { statusCode = 0 } = answer;
      const retryAfterMs = retryAfterMsOf(answer.headers['retry-after'], Date.now());
      return { status: statusCode, text, error: null, retryAfterMs };
    } catch (error) {
      const code = codeOf(error);
      return request.reusedSocket && code === 'ECONNRESET' ? undefined : without(code);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

const without = (error: string): SentAnswer => ({
  ...{ status: null, text: null, error, retryAfterMs: null },
});

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'OPD_REQUEST_FAILED';

/** The first bytes of an answer as a text. An answer that is long or slow loses its connection. */
async function firstBytesOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => answer.destroy(), BODY_MS);
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) break;
    }
  } catch {
    // The status says whether the message has arrived. The body is only shown to people.
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString().replaceAll('\0', '\uFFFD');
}

const resolveBySystem: Resolve = (hostname) => {
  const { promise, resolve, reject } = Promise.withResolvers<readonly LookupAddress[]>();
  systemLookup(hostname, { all: true }, (error, addresses) => {
    if (error === null) resolve(addresses);
    else reject(error);
  });
  return promise;
};

/** The same function, of which at most `max` calls run at the same time. */
function inTurn(resolve: Resolve, max: number): Resolve {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (hostname) => {
    if (running < max) running += 1;
    else await new Promise<void>((begin) => waiting.push(begin));
    try {
      return await resolve(hostname);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
