import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './send-problem.ts';

/** The names of the machine itself. A page of another site cannot have them. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** A `Host` header: a name or an address, perhaps with a port (RFC 9110, 7.2). */
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d*)?$/i;

const ONE_HOST = {
  pointer: '/host',
  detail: 'must be exactly one header with a host name or an address, such as 127.0.0.1:8080',
};

/**
 * The host names of the service. A page can let the name of its own site lead to the address of this service (DNS
 * rebinding). The browser then takes the service for a part of that site, and the page could read all answers. But the
 * requests of the page name the site in `Host`, so a request with another name is refused.
 */
export class Hosts {
  readonly #names: ReadonlySet<string>;
  /** The header that was accepted last for its name: nearly every request has the same one as the request before. */
  #accepted: string | null = null;

  /**
   * @param names in lower case, without a port. The loopback names and the address to which a request was sent are
   *   accepted too.
   */
  constructor(names: readonly string[]) {
    this.#names = new Set([...LOOPBACK, ...names]);
  }

  /**
   * Refuses a request that is meant for another host. The port does not matter, because a proxy may have another one.
   * @returns whether the request was refused
   */
  refuse(request: FastifyRequest, reply: FastifyReply): boolean {
    const { host } = request.raw.headers;
    if (host === this.#accepted) return false;
    // HTTP/1.0 has no `Host`. Browsers do not speak it, but some health checks do.
    if (host === undefined && request.raw.httpVersion === '1.0') return false;
    const name = HOST.exec(host ?? '')?.[1]?.toLowerCase();
    if (name === undefined) {
      sendProblem(request, reply, 'invalid_request', { errors: [ONE_HOST] });
      return true;
    }
    if (this.#names.has(name)) {
      this.#accepted = host ?? null;
      return false;
    }
    if (isOwnAddress(name, request)) return false;
    sendProblem(request, reply, 'misdirected_request');
    return true;
  }
}

/** Whether a host name is the address of this machine to which the request was sent. */
function isOwnAddress(name: string, { raw }: FastifyRequest): boolean {
  // A socket for both versions of IP shows an address of version 4 with this prefix.
  const address = raw.socket.localAddress?.replace(/^::ffff:/, '');
  return address !== undefined && (name === address || name === `[${address}]`);
}
