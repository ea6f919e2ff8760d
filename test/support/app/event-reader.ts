import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventView } from '../../../src/http/resources/event.ts';
import { eventually } from '../eventually.ts';

/** An event of a stream, as a browser hands it to its listener. */
export interface Message {
  readonly type: string;
  readonly lastEventId: string;
  readonly data: EventView;
}

/** Takes a stream of server-sent events apart, as the standard of `EventSource` says. */
export class MessageParser {
  lastEventId = '';
  retry: number | undefined;
  comments = 0;
  #rest = '';

  /** The messages that a piece of the stream completes. */
  push(piece: string): Message[] {
    const blocks = (this.#rest + piece).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap((block) => this.#message(block.split('\n')));
  }

  #message(lines: readonly string[]): Message[] {
    let [type, data] = ['message', ''];
    for (const line of lines) {
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === '') this.comments += 1;
      else if (field === 'id') this.lastEventId = value;
      else if (field === 'retry') this.retry = Number(value);
      else if (field === 'event') type = value;
      else if (field === 'data') data += value;
      else throw new Error(`a stream of events has no line ${line}`);
    }
    if (data === '') return [];
    return [{ type, lastEventId: this.lastEventId, data: JSON.parse(data) as EventView }];
  }
}

/** Milliseconds after which a client connects again. Its connection may have been refused. */
const RETRY_MS = 25;

/** A client that reads the events of some doctors, and connects again whenever its connection breaks. */
export class Follower {
  readonly events: EventView[] = [];
  /** Connections so far. */
  connections = 0;
  resets = 0;
  readonly #urlOf: () => string;
  readonly #query: string;
  #lastId = '';
  #reader: EventReader | undefined;
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  /** @param urlOf names a process of the service; it is asked at each connection */
  constructor(urlOf: () => string, query: string) {
    this.#urlOf = urlOf;
    this.#query = query;
  }

  /** Connects, and reads until `end` is called. Resolves when the first connection has told where it begins. */
  async start(): Promise<void> {
    this.#running = this.#run();
    await eventually(() => this.#lastId !== '');
  }

  /** Breaks the connection. */
  drop(): void {
    this.#reader?.close();
  }

  /** Ends the connection. Resolves when nothing of it is left. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.drop();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      await this.#readOnce().catch(() => undefined);
      await delay(RETRY_MS);
    }
  }

  async #readOnce(): Promise<void> {
    const headers: Record<string, string> =
      this.#lastId === '' ? {} : { 'last-event-id': this.#lastId };
    const reader = await EventReader.open(`${this.#urlOf()}/events?${this.#query}`, headers);
    this.#reader = reader;
    // The follower may have ended while the connection was made.
    if (reader.status !== 200 || this.#isOver) {
      reader.close();
      return;
    }
    this.connections += 1;
    this.#take(reader);
    reader.response.on('data', () => this.#take(reader));
    if (!reader.isOver) await once(reader.response, 'close');
  }

  #take({ messages, parser }: EventReader): void {
    if (parser.lastEventId !== '') this.#lastId = parser.lastEventId;
    for (const { type, data } of messages.splice(0))
      if (type === 'reset') this.resets += 1;
      else this.events.push(data);
  }
}

/** One connection to a stream of events. */
export class EventReader {
  readonly messages: Message[] = [];
  readonly parser = new MessageParser();
  isOver = false;
  readonly #request: ClientRequest;
  readonly response: IncomingMessage;

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (piece: string) => this.messages.push(...this.parser.push(piece)));
    response.on('close', () => (this.isOver = true));
    response.on('error', () => undefined);
  }

  /** Connects. Resolves when the head of the answer is there. */
  static async open(
    url: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<EventReader> {
    const request = get(url, { headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const reader = new EventReader(request, response);
    request.on('error', () => (reader.isOver = true));
    return reader;
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get types(): string[] {
    return this.messages.map(({ type }) => type);
  }

  /** Waits until so many messages are there. */
  async until(count: number): Promise<Message[]> {
    await eventually(() => this.messages.length >= count);
    return this.messages;
  }

  close(): void {
    this.#request.destroy();
  }
}
