import { isIPv6 } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { ANONYMOUS } from '../service/index.ts';
import { AuthenticationFailure } from './authentication-failure.ts';
import type { Authenticated } from './authentication.ts';
import { BoundedMap } from './bounded-map.ts';
import { sendProblem } from './send-problem.ts';

/** How many requests a caller may send within a minute. A limit that is not given does not exist. */
export interface RateLimits {
  /** All requests of routes that need a key. */
  readonly requestsPerMinute?: number | undefined;
  /** Requests with a wrong key or token, and requests that the role of the caller forbids. */
  readonly refusedPerMinute?: number | undefined;
}

const WINDOW_S = 60;
/** Callers that are counted. Of more, the one whose minute began first is forgotten. */
const CALLERS_MAX = 10_000;

interface Window {
  readonly endsAtMs: number;
  count: number;
}

/** What a caller has left of a limit. */
export interface Usage {
  readonly remaining: number;
  /** Seconds until the caller may send as many requests again as the limit says: 1 to 60. */
  readonly seconds: number;
  /** How many requests the caller has sent beyond the limit. */
  readonly excess: number;
}

/** Counts the requests of each caller in minutes that begin with a first request. */
export class Quota {
  readonly name: string;
  readonly limit: number;
  /** The limit, as the header `RateLimit-Policy` names it. */
  readonly policy: string;
  readonly #now: () => number;
  readonly #windows = new BoundedMap<string, Window>(CALLERS_MAX);

  /** @param now milliseconds of a clock that never goes back */
  constructor(name: string, limit: number, now = () => performance.now()) {
    this.name = name;
    this.limit = limit;
    this.policy = `"${name}";q=${limit};w=${WINDOW_S}`;
    this.#now = now;
  }

  /** How many callers are counted now. */
  get callers(): number {
    return this.#windows.size;
  }

  /** Counts a request. */
  take(caller: string): Usage {
    // Whole milliseconds, because the difference of two instants with fractions can be more than a minute by rounding.
    const nowMs = Math.floor(this.#now());
    let window = this.#windows.get(caller);
    if (window === undefined || window.endsAtMs <= nowMs) {
      window = { endsAtMs: nowMs + WINDOW_S * 1_000, count: 0 };
      this.#windows.set(caller, window);
    }
    window.count += 1;
    const seconds = Math.ceil((window.endsAtMs - nowMs) / 1_000);
    const { count } = window;
    return {
      ...{ seconds, remaining: Math.max(this.limit - count, 0) },
      excess: Math.max(count - this.limit, 0),
    };
  }
}

/**
 * Limits what a caller sends within a minute, and tells the caller what is left (draft-ietf-httpapi-ratelimit-headers-11).
 * A caller is an access key, or the subject of a token, wherever it comes from: so a whole front desk behind one address is
 * not one caller. A request without either is counted for its address.
 */
export class RateLimiter {
  readonly #requests: Quota | null;
  readonly #refused: Quota | null;
  readonly #logger: Logger;

  constructor(
    { requestsPerMinute: requests, refusedPerMinute: refused }: RateLimits,
    logger: Logger,
  ) {
    this.#requests = requests === undefined ? null : new Quota('requests', requests);
    this.#refused = refused === undefined ? null : new Quota('refused', refused);
    this.#logger = logger;
  }

  /**
   * Counts a request.
   * @returns false when its caller has sent too many, in which case it is answered
   */
  countRequest(identity: Authenticated, request: FastifyRequest, reply: FastifyReply): boolean {
    return this.#requests === null || this.#count(this.#requests, identity, request, reply);
  }

  /**
   * Counts a request that is about to be refused. A caller that is refused too often can still send what is not refused.
   * @returns false when its caller was refused too often, in which case it is answered
   */
  countRefusal(identity: Authenticated, request: FastifyRequest, reply: FastifyReply): boolean {
    return this.#refused === null || this.#count(this.#refused, identity, request, reply);
  }

  #count(
    quota: Quota,
    identity: Authenticated,
    request: FastifyRequest,
    reply: FastifyReply,
  ): boolean {
    const caller = callerOf(identity, request);
    const { remaining, seconds, excess } = quota.take(caller);
    addHeader(reply, 'ratelimit-policy', quota.policy);
    addHeader(reply, 'ratelimit', `"${quota.name}";r=${remaining};t=${seconds}`);
    if (excess === 0) return true;
    if (excess === 1)
      this.#logger.warn(
        { request_id: request.id, caller, limit: quota.name },
        'A caller has reached its limit: it gets 429 until its minute is over.',
      );
    sendProblem(request, reply, 'rate_limited', { retry_after: seconds });
    return false;
  }
}

/** Both headers are lists with one item for each limit. */
function addHeader(reply: FastifyReply, name: string, item: string): void {
  const before = reply.getHeader(name);
  reply.header(name, before === undefined ? item : `${String(before)}, ${item}`);
}

/** For whom a request is counted. No name has a blank before an address. */
function callerOf(identity: Authenticated, { ip }: FastifyRequest): string {
  const isKnown = !(identity instanceof AuthenticationFailure) && identity.name !== ANONYMOUS.name;
  return isKnown ? identity.name : `address ${networkOf(ip)}`;
}

/** An address; of IPv6 its first 64 bits, because a single client usually has all addresses that begin with them. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  // An address of IPv4, as a socket for both versions shows it.
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [head = '', tail = ''] = address.split('::');
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
