import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Random } from '../lib/random.ts';
import type { FuzzAnswer } from './answer-check.ts';
import { bytesOf, urlOf, type FuzzRequest } from './requests.ts';

/** The bytes of a request as a client sends them, in parts that can be changed. */
interface Parts {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** One byte is one character, so that any byte can be written as text. */
const BYTES = 'latin1';

type Fault = (parts: Parts, random: Random) => string;

const join = ({ line, headers, body }: Parts, newline = '\r\n'): string =>
  [line, ...headers, '', body].join(newline);

const withHeaders =
  (...more: readonly string[]): Fault =>
  (parts) =>
    join({ ...parts, headers: [...parts.headers, ...more] });

/** Replaces the headers with these names, given with their values. */
const withOther =
  (name: string, ...lines: readonly string[]): Fault =>
  (parts) => {
    const others = parts.headers.filter((header) => !header.toLowerCase().startsWith(`${name}:`));
    return join({ ...parts, headers: [...others, ...lines] });
  };

const withLine =
  (change: (line: string) => string): Fault =>
  (parts) =>
    join({ ...parts, line: change(parts.line) });

const chunked = (...chunks: readonly string[]): Fault => {
  const lines = ['Transfer-Encoding: chunked'];
  return (parts, random) =>
    withOther('content-length', ...lines)({ ...parts, body: chunks.join('') }, random);
};

/** Ways in which the bytes of a request are no HTTP/1.1, or only just. */
const FAULTS: readonly Fault[] = [
  // Requests that break off: the service closes the connection within its time.
  (parts, random) => join(parts).slice(0, random.below(join(parts).length)),
  (parts, random) => join(parts).slice(0, random.below(join(parts).length)),
  () => '',
  // Bytes that were changed on the way.
  (parts, random) => withChangedBytes(join(parts), random, 1),
  (parts, random) => withChangedBytes(join(parts), random, 1),
  (parts, random) => withChangedBytes(join(parts), random, 8),
  (parts, random) => withChangedBytes(join(parts), random, 100),
  (_parts, random) => Array.from({ length: 200 }, () => byte(random)).join(''),
  // Lengths.
  withOther('content-length'),
  withOther('content-length', 'Content-Length: 0'),
  withOther('content-length', 'Content-Length: 1'),
  withOther('content-length', 'Content-Length: 99'),
  withOther('content-length', 'Content-Length: 99999999999999999999'),
  withOther('content-length', 'Content-Length: -1'),
  withOther('content-length', 'Content-Length: +5'),
  withOther('content-length', 'Content-Length: 0x10'),
  withOther('content-length', 'Content-Length: 5, 5'),
  withOther('content-length', 'Content-Length: 5', 'Content-Length: 6'),
  withOther('content-length', 'Content-Length: 300000'),
  withHeaders('Transfer-Encoding: chunked'),
  withHeaders('Transfer-Encoding: gzip, chunked'),
  withOther('content-length', 'Transfer-Encoding: identity'),
  withOther('content-length', 'Transfer-Encoding: chunked, chunked'),
  chunked('2\r\n{}\r\n0\r\n\r\n'),
  chunked('2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n'),
  chunked('0\r\n\r\n'),
  chunked('zz\r\n{}\r\n0\r\n\r\n'),
  chunked('-1\r\n{}\r\n0\r\n\r\n'),
  chunked('ffffffffffffffff\r\n{}\r\n0\r\n\r\n'),
  chunked('2\r\n{}}}}}\r\n0\r\n\r\n'),
  chunked('2\r\n{'),
  // Headers.
  withHeaders('no colon'),
  withHeaders(': no name'),
  withHeaders('Space : x'),
  withHeaders('Folded: x\r\n y'),
  withHeaders('Nul: a\0b'),
  withHeaders('Return: a\rb'),
  withHeaders('Injected: a\r\nHost: evil.example'),
  withHeaders('Idempotency-Key: a\r\nIdempotency-Key: b'),
  withHeaders('Idempotency-Key: \u00ff\u00fe'),
  withHeaders('Content-Type: application/json', 'Content-Type: text/plain'),
  withHeaders(`Long: ${'x'.repeat(20_000)}`),
  withHeaders(...Array.from({ length: 150 }, (_, nth) => `X-${nth}: x`)),
  withHeaders('Expect: 100-continue'),
  withHeaders('Expect: 200-maybe'),
  withHeaders('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: x'),
  withHeaders('Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: x'),
  withHeaders('Connection: close, close, keep-alive'),
  withHeaders('__proto__: x', 'constructor: x'),
  withOther('host'),
  withOther('host', 'Host:'),
  withOther('host', 'Host: evil.example'),
  withOther('host', 'Host: 127.0.0.1', 'Host: 127.0.0.1'),
  withOther('host', 'Host: user@127.0.0.1'),
  withOther('host', 'Host: 127.0.0.1/health'),
  withOther('host', 'Host: [::1'),
  // The first line.
  withLine((line) => line.toLowerCase()),
  withLine((line) => line.replace('HTTP/1.1', 'HTTP/1.0')),
  withLine((line) => line.replace('HTTP/1.1', 'HTTP/0.9')),
  withLine((line) => line.replace('HTTP/1.1', 'HTTP/2.0')),
  withLine((line) => line.replace('HTTP/1.1', 'HTTP/9')),
  withLine((line) => line.replace(' HTTP/1.1', '')),
  withLine((line) => line.replace('/', 'http://127.0.0.1/')),
  withLine((line) => line.replace('/', 'http://evil.example/')),
  withLine((line) => line.replace('/', '//')),
  withLine((line) => line.replace('/', '/../')),
  withLine((line) => line.replace(' HTTP', '#part HTTP')),
  withLine((line) => line.replace(' HTTP', '?? HTTP')),
  withLine((line) => line.replace(' HTTP', '%zz HTTP')),
  withLine((line) => line.replace(' HTTP', '\u00ff HTTP')),
  withLine((line) => line.replace(' HTTP', ' x HTTP')),
  withLine((line) => line.replace(' HTTP', `?${'x'.repeat(8_000)} HTTP`)),
  withLine((line) => line.replace(' HTTP', `?${'a=b&'.repeat(2_000)} HTTP`)),
  withLine(() => 'OPTIONS * HTTP/1.1'),
  withLine(() => 'GET * HTTP/1.1'),
  withLine(() => 'CONNECT 127.0.0.1:80 HTTP/1.1'),
  withLine(() => 'TRACE /health HTTP/1.1'),
  withLine(() => 'PRI * HTTP/2.0\r\n\r\nSM'),
  withLine(() => '\r\n\r\n\r\nGET /health HTTP/1.1'),
  withLine(() => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'),
  // Several requests, and what follows one.
  (parts) => join(parts, '\n'),
  (parts) => join(parts).repeat(3),
  (parts) => `${join(parts)}HELLO\r\n\r\n`,
  (parts) => `${join(parts)}${join(parts).slice(0, 20)}`,
];

const byte = (random: Random): string => String.fromCharCode(random.below(256));

/** The text with some characters that are replaced, left out or doubled. */
function withChangedBytes(text: string, random: Random, count: number): string {
  let changed = text;
  for (let nth = 0; nth < count; nth += 1) {
    const at = random.below(changed.length + 1);
    const [before, after] = [changed.slice(0, at), changed.slice(at)];
    changed =
      before + random.pick([byte(random) + after.slice(1), after.slice(1), byte(random) + after]);
  }
  return changed;
}

/** The bytes of a request that are no HTTP/1.1, or only just. */
export function malformed(request: FuzzRequest, random: Random): Buffer {
  const body = bytesOf(request)?.toString(BYTES) ?? '';
  const parts = {
    line: `${request.method} ${urlOf(request)} HTTP/1.1`,
    headers: [
      'Host: 127.0.0.1',
      ...request.headers.map(([name, value]) => `${name}: ${value}`),
      ...(request.body === null ? [] : [`Content-Length: ${body.length}`]),
    ],
    body,
  };
  return Buffer.from(random.pick(FAULTS)(parts, random), BYTES);
}

/**
 * Sends bytes on a connection of their own, and returns all that comes back until the server closes the connection.
 * @param port of 127.0.0.1
 * @param ends whether the client ends its side of the connection after the bytes
 * @returns undefined when the server has not closed the connection within `closeMs`
 */
export async function exchange(
  port: number,
  bytes: Buffer,
  { ends, closeMs }: { readonly ends: boolean; readonly closeMs: number },
): Promise<string | undefined> {
  const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.setEncoding(BYTES).on('data', (chunk: string) => (text += chunk));
  // The server may reset the connection after its answer. That ends the connection too.
  socket.on('error', () => undefined);
  socket.once('end', () => socket.end());
  const closed = once(socket, 'close').then(() => true);
  if (ends) socket.end(bytes);
  else socket.write(bytes);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, closeMs, false)));
  const isClosed = await Promise.race([closed, late]);
  clearTimeout(timer);
  socket.destroy();
  return isClosed ? text : undefined;
}

/**
 * The answers in the bytes of a connection. They follow one another without other bytes.
 * @throws Error that says where the bytes are no answer of HTTP/1.1
 */
export function answersIn(bytes: string): FuzzAnswer[] {
  const answers: FuzzAnswer[] = [];
  for (let left = bytes; left !== '';) {
    const [head = '', status, lines = ''] =
      /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n((?:[\w-]+: [^\r\n]*\r\n)*)\r\n/.exec(left) ?? [];
    if (status === undefined)
      throw new Error(`not an answer: ${JSON.stringify(left.slice(0, 200))}`);
    const headers = Object.fromEntries(
      Array.from(lines.matchAll(/([\w-]+): (.*)\r\n/g), ([, name = '', value = '']) => [
        name.toLowerCase(),
        value,
      ]),
    );
    const { text, end } = bodyOf(headers, left.slice(head.length));
    answers.push({ status: Number(status), headers, text: Buffer.from(text, BYTES).toString() });
    left = left.slice(head.length + end);
  }
  return answers;
}

/** The body at the begin of the bytes, and where it ends. */
function bodyOf(
  headers: Readonly<Record<string, string>>,
  bytes: string,
): { readonly text: string; readonly end: number } {
  if (headers['transfer-encoding'] !== 'chunked') {
    const end = Number(headers['content-length'] ?? 0);
    if (bytes.length < end) throw new Error(`an answer breaks off after ${bytes.length} bytes`);
    return { text: bytes.slice(0, end), end };
  }
  let text = '';
  let end = 0;
  for (let length = -1; length !== 0;) {
    const [head = '', size] = /^([\da-f]+)\r\n/.exec(bytes.slice(end)) ?? [];
    if (size === undefined) throw new Error('a chunk has no size');
    length = parseInt(size, 16);
    text += bytes.slice(end + head.length, end + head.length + length);
    end += head.length + length + 2;
  }
  return { text, end };
}
