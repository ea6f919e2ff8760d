import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { RequestOrder } from '../../src/http/request-order.ts';
import { eventually } from '../support/eventually.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;

/** A server with a client. The test sends the answers, until `answersAtOnce` is set. */
class HeldServer {
  /** The paths of the requests that were handled. */
  readonly handled: string[] = [];
  readonly answers: ServerResponse[] = [];
  /** Requests that were read from the connection. */
  read = 0;
  answersAtOnce = false;
  readonly client: Socket;
  readonly #server: Server;

  private constructor(server: Server, client: Socket) {
    this.#server = server;
    this.client = client;
  }

  static async open(): Promise<HeldServer> {
    const server = createServer((request, response) => {
      held.handled.push(request.url ?? '');
      if (held.answersAtOnce) response.end();
      else held.answers.push(response);
    });
    new RequestOrder().install(server);
    server.on('request', () => (held.read += 1));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => undefined);
    await once(client, 'connect');
    const held = new HeldServer(server, client);
    onTestFinished(() => {
      client.destroy();
      server.closeAllConnections();
      server.close();
    });
    return held;
  }

  connections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_, count) => resolve(count)));
  }
}

it('a pipelined request is handled when the one before it has its answer', async () => {
  const held = await HeldServer.open();
  held.client.write(get('/1') + get('/2') + get('/3'));
  await eventually(() => held.read === 3);
  expect(held.handled).toEqual(['/1']);
  held.answers[0]?.end('one');
  await eventually(() => held.handled.length === 2);
  held.answers[1]?.write('two, not whole');
  await once(held.client, 'data');
  expect(held.handled).toEqual(['/1', '/2']);
  held.answers[1]?.end();
  await eventually(() => held.handled.length === 3);
  held.answers[2]?.end('three');
  held.client.write(get('/4'));
  await eventually(() => held.handled.length === 4);
});

it('requests of two connections do not wait for each other', async () => {
  const held = await HeldServer.open();
  held.client.write(get('/1'));
  await eventually(() => held.handled.length === 1);
  const other = connect(held.client.remotePort ?? 0, '127.0.0.1');
  onTestFinished(() => void other.destroy());
  other.write(get('/other'));
  await eventually(() => held.handled.length === 2);
});

it('a connection with many waiting requests is not read from until they are answered', async () => {
  const held = await HeldServer.open();
  const packet = get('/').repeat(5_000);
  for (let nth = 0; nth < 4; nth += 1) held.client.write(packet);
  await eventually(() => held.read > 0);
  // What the server may still read is a packet of 64 KiB at most; it has had time for all of them.
  for (let nth = 0; nth < 200; nth += 1) await new Promise(setImmediate);
  expect(held.read).toBeLessThan(2 * (65_536 / get('/').length));
  held.answersAtOnce = true;
  held.answers[0]?.end();
  held.client.resume();
  await eventually(() => held.handled.length === 4 * 5_000);
});

it('requests that wait on a connection are not handled when the client has gone', async () => {
  const held = await HeldServer.open();
  held.client.write(get('/1') + get('/2') + get('/3'));
  await eventually(() => held.read === 3);
  held.client.destroy();
  await eventually(async () => (await held.connections()) === 0);
  held.answers[0]?.end('one');
  for (let nth = 0; nth < 20; nth += 1) await new Promise(setImmediate);
  expect(held.handled).toEqual(['/1']);
});
