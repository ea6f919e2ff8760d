import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** Changes the JSON text of a success on its way to the client. */
export type Lie = (body: string) => string;

const KEPT_HEADERS = ['content-type', 'location', 'idempotency-replayed'];

/** Stands before a server until the test is over, and tells one lie in the answers of one route. */
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
  const told = await answer.text();
  for (const name of KEPT_HEADERS) {
    const value = answer.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.statusCode = answer.status;
  response.end(answer.ok && url.startsWith(path) ? lie(told) : told);
}
