import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from './problem.ts';
import type { ProblemFacts } from './resources/problem.ts';
import { problemAnswer } from './send-problem.ts';

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
  const { status, headers, body } = problemAnswer(code, facts);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    ...more,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
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
