import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
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
    onTestFinished(() => reader.close());
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
