import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** Falsifies the JSON text of a successful response. */
export type Lie = (body: string) => string | Promise<string>;

const agent = new Agent({ keepAlive: true });

/** Starts a proxy that forwards to a server until the test ends, and falsifies the responses of one route. */
export async function startLyingProxy(target: string, path: string, lie: Lie): Promise<string> {
  const proxy = createServer((asked, response) => {
    forward(target, asked, response, path, lie).catch(() => response.destroy());
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
  asked: IncomingMessage,
  response: ServerResponse,
  path: string,
  lie: Lie,
): Promise<void> {
  const { method, url = '/', headers } = asked;
  const forwarded = request(target + url, { method, headers, agent });
  asked.pipe(forwarded);
  const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
  const { statusCode = 500 } = answer;
  const own = { ...answer.headers };
  // The connections of the proxy are its own.
  delete own.connection;
  delete own['keep-alive'];
  if (statusCode >= 300 || !url.startsWith(path)) {
    response.writeHead(statusCode, own);
    answer.pipe(response);
    return;
  }
  delete own['content-length'];
  const body = await lie(await text(answer));
  response.writeHead(statusCode, own).end(body);
}
