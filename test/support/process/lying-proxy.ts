import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** Falsifies the JSON text of a successful response. */
export type Lie = (body: string) => string | Promise<string>;

const FORWARDED_HEADERS = ['content-type', 'location', 'idempotency-replayed'];

/** Starts a proxy that forwards to a server until the test ends, and falsifies the responses of one route. */
export async function startLyingProxy(target: string, path: string, lie: Lie): Promise<string> {
  const proxy = createServer((request, response) => {
    forward(target, request, response, path, lie).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

async function forward(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  lie: Lie,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const key = headers['idempotency-key'];
  const body = await text(request);
  const answer = await fetch(target + url, {
    method,
    headers: {
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
      ...(typeof key === 'string' ? { 'idempotency-key': key } : {}),
    },
    ...(body === '' ? {} : { body }),
  });
  const original = await answer.text();
  for (const name of FORWARDED_HEADERS) {
    const value = answer.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.statusCode = answer.status;
  response.end(answer.ok && url.startsWith(path) ? await lie(original) : original);
}
