import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Answer, Headers, TestApp } from './app.ts';

/** Clients of an app that listens on a port of 127.0.0.1. */
export class Clients {
  readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  /** Sends a request whose answer has a body in JSON. */
  async send<T>(method: string, path: string, more: RequestInit = {}): Promise<Answer<T>> {
    const reply = await fetch(`http://127.0.0.1:${this.port}${path}`, { method, ...more });
    const text = await reply.text();
    const body = JSON.parse(text) as T;
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body, text };
  }

  get<T>(path: string, headers: Headers = {}): Promise<Answer<T>> {
    return this.send('GET', path, { headers });
  }

  post<T>(path: string, body: object, headers: Headers = {}): Promise<Answer<T>> {
    return this.send('POST', path, {
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async socket(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** Sends the bytes and returns all that the server sends until it closes the connection. */
  async exchange(bytes: string): Promise<string> {
    const socket = await this.socket();
    socket.write(bytes);
    return readUntilClosed(socket);
  }
}

/** Returns all that a server sends until it closes the connection. */
export async function readUntilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  // The server may reset the connection after the answer. That ends the connection too.
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** Starts the app on a free port of 127.0.0.1. */
export async function listen({ app }: TestApp): Promise<Clients> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return new Clients((app.server.address() as AddressInfo).port);
}
