import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** The actions on one connection when a watched statement passes. */
export interface Link {
  /** Breaks both sides. The server still receives what was sent before. */
  readonly cut: () => void;
  /** Breaks the client's side with an error, and the server's side. */
  readonly reset: () => void;
  /** Breaks only the client's side. The server does not notice it. */
  readonly orphan: () => void;
  /** Delays the server's messages until `release`. */
  readonly hold: () => void;
  readonly release: () => void;
}

/** Does something to a connection. */
export type Act = (link: Link) => void;

interface Watch {
  readonly when: 'sent' | 'answered';
  readonly statement: RegExp;
  readonly act: Act;
  readonly done: () => void;
}

/** A proxy of a PostgreSQL server that knows which statements were sent and which were answered. */
export class PgProxy {
  /** The URL of the server through this proxy. */
  readonly url: string;
  /** The SQLSTATE codes of the errors that the server has sent. */
  readonly errors: string[] = [];
  /** Whether new connections are accepted. */
  isOpen = true;
  readonly #rewrite: (statement: string) => string;
  readonly #links = new Set<Connection>();
  #watches: Watch[] = [];
  readonly #interruptions: { readonly messages: number; readonly act: Act }[] = [];

  constructor(url: string, rewrite: (statement: string) => string) {
    this.url = url;
    this.#rewrite = rewrite;
  }

  /** Calls `act` when the next matching statement is sent, before the server receives it. Resolves after that. */
  whenSent(statement: RegExp, act: Act): Promise<void> {
    return this.#when('sent', statement, act);
  }

  /** Calls `act` when the server has executed the next matching statement, before the client knows. Then resolves. */
  whenAnswered(statement: RegExp, act: Act): Promise<void> {
    return this.#when('answered', statement, act);
  }

  /** Calls `act` on a later connection, when the server has sent it so many messages. Each connection has one at most. */
  interrupt(messages: number, act: Act): void {
    this.#interruptions.push({ messages, act });
  }

  /** Breaks all connections. */
  cutAll(): void {
    for (const link of this.#links) link.cut();
  }

  /** Connects a client with the server. */
  join(client: Socket, server: Socket): void {
    const interruption = this.#interruptions.shift();
    const passed = (messages: number): void => {
      if (messages === interruption?.messages) interruption.act(link);
    };
    const link = new Connection(client, server, {
      rewrite: this.#rewrite,
      notice: (when, statement) => this.#notice(when, statement, link),
      failed: (code) => this.errors.push(code),
      passed,
      closed: () => this.#links.delete(link),
    });
    this.#links.add(link);
    passed(0);
  }

  #when(when: Watch['when'], statement: RegExp, act: Act): Promise<void> {
    return new Promise((done) => {
      this.#watches.push({ when, statement, act, done });
    });
  }

  #notice(when: Watch['when'], statement: string, link: Link): void {
    const watch = this.#watches.find(
      (each) => each.when === when && each.statement.test(statement),
    );
    if (watch === undefined) return;
    this.#watches = this.#watches.filter((each) => each !== watch);
    watch.act(link);
    watch.done();
  }
}

/**
 * Starts a proxy of the server with this URL. The proxy ends with the test.
 * @param rewrite changes a statement's text before the server receives it; the number of bytes must stay the same
 */
export async function startPgProxy(
  target: string,
  rewrite: (statement: string) => string = (statement) => statement,
): Promise<PgProxy> {
  const url = new URL(target);
  const { hostname, port } = url;
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  url.port = String((listener.address() as AddressInfo).port);
  const proxy = new PgProxy(url.href, rewrite);
  listener.on('connection', (client) => {
    if (proxy.isOpen) proxy.join(client, connect(Number(port), hostname));
    else client.destroy();
  });
  onTestFinished(() => {
    listener.close();
    proxy.isOpen = false;
    proxy.cutAll();
  });
  return proxy;
}

interface Listener {
  readonly rewrite: (statement: string) => string;
  readonly notice: (when: Watch['when'], statement: string) => void;
  readonly failed: (code: string) => void;
  /** Called after each message of the server with their number so far. */
  readonly passed: (messages: number) => void;
  readonly closed: () => void;
}

/** One connection, and the statements that its client has sent. */
class Connection implements Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #listener: Listener;
  readonly #statements = new Map<string, string>();
  /** The statements without an answer, in order. The server sends ReadyForQuery after each. */
  readonly #unanswered: string[] = [];
  #bound = '';
  /** The messages that the server has sent since `hold`; undefined when they are not delayed. */
  #held: Buffer[] | undefined;
  #isCut = false;
  #messages = 0;

  constructor(client: Socket, server: Socket, listener: Listener) {
    this.#client = client;
    this.#server = server;
    this.#listener = listener;
    for (const socket of [client, server]) socket.setNoDelay();
    const [fromClient, fromServer] = [new Splitter(true), new Splitter(false)];
    client.on('data', (chunk: Buffer) => {
      for (const message of fromClient.take(chunk)) this.#pass(message);
    });
    server.on('data', (chunk: Buffer) => {
      for (const message of fromServer.take(chunk)) this.#answer(message);
    });
    client.on('error', () => undefined).on('close', () => server.end());
    server
      .on('error', () => undefined)
      .on('close', () => {
        client.end();
        listener.closed();
      });
  }

  cut = (): void => {
    this.#isCut = true;
    this.#client.destroy();
    this.#server.end();
  };

  reset = (): void => {
    this.#isCut = true;
    this.#client.resetAndDestroy();
    this.#server.end();
  };

  orphan = (): void => {
    this.#isCut = true;
    this.#client.removeAllListeners('close').destroy();
  };

  hold = (): void => {
    this.#held ??= [];
  };

  release = (): void => {
    for (const message of this.#held?.splice(0) ?? []) this.#client.write(message);
    this.#held = undefined;
  };

  /** Forwards a message of the client. A statement is sent as text, or parsed under a name, bound and executed. */
  #pass(message: Buffer): void {
    const type = letterOf(message);
    let passed = message;
    if (type === 'P') {
      const [name, text] = twoTexts(message);
      this.#statements.set(name, text);
      passed = Buffer.from(message);
      passed.write(this.#listener.rewrite(text), message.indexOf(0, 5) + 1);
    } else if (type === 'B') this.#bound = this.#statements.get(twoTexts(message)[1]) ?? '';
    else if (type === 'Q') this.#bound = twoTexts(message)[0];
    if (type === 'E' || type === 'Q') this.#listener.notice('sent', this.#bound);
    if (type === 'S' || type === 'Q') this.#unanswered.push(this.#bound);
    if (!this.#isCut) this.#server.write(passed);
  }

  #answer(message: Buffer): void {
    const type = letterOf(message);
    const statement = this.#unanswered[0] ?? '';
    if (type === 'E') this.#listener.failed(codeOf(message));
    else if (type === 'C') this.#listener.notice('answered', statement);
    else if (type === 'Z') this.#unanswered.shift();
    if (this.#held !== undefined) this.#held.push(message);
    else if (!this.#isCut) this.#client.write(message);
    this.#messages += 1;
    this.#listener.passed(this.#messages);
  }
}

const letterOf = (message: Buffer): string => message.toString('latin1', 0, 1);

/** The two texts at the start of a message's body. Some kinds of message have them. */
function twoTexts(message: Buffer): [string, string] {
  const middle = message.indexOf(0, 5);
  const end = message.indexOf(0, middle + 1);
  return [message.toString('utf8', 5, middle), message.toString('utf8', middle + 1, end)];
}

const codeOf = (message: Buffer): string =>
  /\0C(\w{5})\0/.exec(message.toString('latin1'))?.[1] ?? 'without a code';

/** Splits received bytes into the protocol's messages. The first message of a client has no letter in front. */
class Splitter {
  #rest = Buffer.alloc(0);
  #letters: 0 | 1;

  constructor(isClient: boolean) {
    this.#letters = isClient ? 0 : 1;
  }

  *take(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const isHead = this.#rest.length < this.#letters + 4;
      const end = isHead ? Infinity : this.#letters + this.#rest.readUInt32BE(this.#letters);
      if (this.#rest.length < end) return;
      const message = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      this.#letters = 1;
      yield message;
    }
  }
}
