import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';
import { eventually } from '../eventually.ts';

/** A message as the receiver got it. */
export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly event: {
    readonly id: string;
    readonly type: string;
    readonly doctor_id: string;
    readonly version: number;
    readonly [field: string]: unknown;
  };
}

/** Answers a message, or does not. */
export type Respond = (received: Received, response: ServerResponse, before: number) => void;

export const accept: Respond = (_received, response) => void response.writeHead(204).end();

/** Answers with this status the first `times` times, then accepts. */
export const failing =
  (times: number, status = 500, headers = {}): Respond =>
  (received, response, before) =>
    before < times
      ? void response.writeHead(status, headers).end('no')
      : accept(received, response, before);

/** A server that is told of events. */
export class Receiver {
  readonly url: string;
  readonly received: Received[] = [];
  respond: Respond = accept;
  /** The most messages that had no answer at the same time. */
  underWayMax = 0;
  readonly #underWay = new Set<ServerResponse>();

  private constructor(url: string) {
    this.url = url;
  }

  static async start(respond: Respond = accept): Promise<Receiver> {
    const server = createServer((request, response) => void receiver.#take(request, response));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const receiver = new Receiver(`http://127.0.0.1:${port}/opd`);
    receiver.respond = respond;
    return receiver;
  }

  /** The types of what has come, in their order; of one doctor, if given. */
  types(doctor?: string): string[] {
    return this.received
      .filter(({ event }) => doctor === undefined || event.doctor_id === doctor)
      .map(({ event }) => event.type);
  }

  /** The versions of a doctor's events in the order in which they came. */
  versions(doctor: string): number[] {
    return this.received
      .filter(({ event }) => event.doctor_id === doctor)
      .map(({ event }) => event.version);
  }

  /** Waits until so many messages have come. */
  async has(count: number): Promise<void> {
    await eventually(() => this.received.length >= count);
  }

  /** Accepts everything from now on, and ends the connections of messages that have no answer. */
  recover(): void {
    this.respond = accept;
    for (const response of this.#underWay) response.destroy();
  }

  /** Accepts everything from now on, and what has no answer yet. */
  release(): void {
    this.respond = accept;
    for (const response of this.#underWay) response.writeHead(204).end();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const headers = request.headers as Received['headers'];
    const received = { headers, text, event: JSON.parse(text) as Received['event'] };
    this.received.push(received);
    this.#underWay.add(response);
    this.underWayMax = Math.max(this.underWayMax, this.#underWay.size);
    response.on('close', () => this.#underWay.delete(response));
    const id = headers['webhook-id'];
    const before = this.received.filter((each) => each.headers['webhook-id'] === id).length - 1;
    this.respond(received, response, before);
  }
}

/** Checks a signature as a receiver does, by the package of Standard Webhooks. */
export const verified = (secret: string, { headers, text }: Received): unknown =>
  new Webhook(secret).verify(text, headers);
