import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What can be done to one connection at the moment it is watched. */
export interface Link {
  /** Breaks both sides; the server still gets what was sent before. */
  readonly cut: () => void;
  /** Breaks the client's side alone: the server goes on as if somebody listened. */
  readonly orphan: () => void;
  /** Keeps back what the server says until it is released. */
  readonly hold: () => void;
  readonly release: () => void;
}

interface Watch {
  readonly when: 'sent' | 'answered';
  readonly statement: RegExp;
  readonly act: (link: Link) => void;
  readonly done: () => void;
}

/** Stands before a PostgreSQL server and knows which statement is on its way in which direction. */
export class PgProxy {
  /** The server's URL, by way of this. */
  readonly url: string;
  /** SQLSTATE codes of the errors that the server has answered. */
  readonly errors: string[] = [];
  /** Whether connections are taken; who comes meanwhile is turned away. */
  isOpen = true;
  readonly #rewrite: (statement: string) => string;
  readonly #links = new Set<Connection>();
  #watches: Watch[] = [];

  constructor(url: string, rewrite: (statement: string) => string) {
    this.url = url;
    this.#rewrite = rewrite;
  }

  /** Acts on the next such statement before the server gets it; resolves then. */
  whenSent(statement: RegExp, act: (link: Link) => void): Promise<void> {
    return this.#when('sent', statement, act);
  }

  /** Acts when the server has carried the next such statement out, before the client hears of it; resolves then. */
  whenAnswered(statement: RegExp, act: (link: Link) => void): Promise<void> {
    return this.#when('answered', statement, act);
  }

  /** Breaks all connections. */
  cutAll(): void {
    for (const link of this.#links) link.cut();
  }

  /** Stands between a client and the server from now on. */
  join(client: Socket, server: Socket): void {
    const link = new Connection(client, server, {
      rewrite: this.#rewrite,
      notice: (when, statement) => this.#notice(when, statement, link),
      failed: (code) => this.errors.push(code),
      closed: () => this.#links.delete(link),
    });
    this.#links.add(link);
  }

  #when(when: Watch['when'], statement: RegExp, act: (link: Link) => void): Promise<void> {
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
 * A proxy before the server of this URL, until the test is over.
 * @param rewrite what becomes of a statement's text on its way to the server: as many bytes as before
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
  readonly closed: () => void;
}

/** One connection, and the statements that its client has had carried out. */
class Connection implements Link {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #listener: Listener;
  readonly #statements = new Map<string, string>();
  /** What is to be answered, in order: the server says after each that it is ready for the next. */
  readonly #unanswered: string[] = [];
  #bound = '';
  /** What the server has said meanwhile; undefined while nothing is held. */
  #held: Buffer[] | undefined;
  #isCut = false;

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

  /** A message of the client: a statement as it is, or parsed under a name and then bound and executed under that. */
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
  }
}

const letterOf = (message: Buffer): string => message.toString('latin1', 0, 1);

/** The two texts with which the bodies of some messages begin. */
function twoTexts(message: Buffer): [string, string] {
  const middle = message.indexOf(0, 5);
  const end = message.indexOf(0, middle + 1);
  return [message.toString('utf8', 5, middle), message.toString('utf8', middle + 1, end)];
}

const codeOf = (message: Buffer): string =>
  /\0C(\w{5})\0/.exec(message.toString('latin1'))?.[1] ?? 'without a code';

/** Splits what comes over a connection into the protocol's messages; a client's first one has no letter before it. */
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
