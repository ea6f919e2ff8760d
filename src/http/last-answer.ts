import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { PROBLEMS, type ProblemCode, type ProblemKind } from './problem.ts';
import type { ProblemFacts } from './resources/problem.ts';

/** Milliseconds from the last answer of a connection to its end, if the client does not close it before. */
const CLOSE_MS = 500;

/**
 * A problem (RFC 9457) as the bytes of a whole HTTP answer, after which the connection ends. It is for connections on
 * which Fastify knows neither a route nor a request.
 * @param more further header lines
 */
export function lastAnswer(
  code: ProblemCode,
  facts: ProblemFacts = {},
  more: readonly string[] = [],
): string {
  const { status, title, detail, retryAfter }: ProblemKind = PROBLEMS[code];
  const body = JSON.stringify({
    type: `urn:opd:problem:${code}`,
    title,
    status,
    detail,
    code,
    ...facts,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
  });
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    ...(retryAfter === undefined ? [] : [`Retry-After: ${retryAfter}`]),
    'Connection: close',
    ...more,
  ];
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}

/**
 * Sends the last answer of a connection. The socket is destroyed within a second, whatever its client does. It is read
 * until then, because the system resets a connection with unread bytes, and the client would lose the answer.
 */
export function sendLastAnswer(socket: Duplex, answer: string): void {
  socket.end(answer);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), CLOSE_MS);
  socket.once('close', () => clearTimeout(timer));
}
