import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { DoctorId } from '../engine/index.ts';
import {
  isActorOf,
  seesOwnTokensOnly,
  type EventDetail,
  type EventGrant,
  type Identity,
  type PublicEvent,
  type SharedEvents,
  type Subscriber,
} from '../service/index.ts';
import { publish } from '../telemetry/index.ts';
import { eventOf } from './resources/event.ts';

export const LIMITS = {
  /** Bytes of earlier events that may wait for a reader. With more its stream is cut, and it resumes behind the last event that it has. */
  bufferBytesMax: 256 * 1024,
  /** Milliseconds after which a client connects again; browsers obey. */
  retryMs: 2_000,
} as const;

/** An event in the format of event streams. JSON has no line break, so `data` is one line. */
function frameOf(event: PublicEvent, detail: EventDetail): string {
  const data = JSON.stringify(eventOf(event, detail));
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${data}\n\n`;
}

/** The events of a list that a stream shows. */
interface ShownEvents {
  readonly count: number;
  readonly frames: Buffer;
}

/** A frame is made once for all streams that show as much of its event. */
function shownOf(
  list: SharedEvents,
  detail: EventDetail,
  isWanted: (event: PublicEvent) => boolean,
): ShownEvents {
  const wanted = list.events.filter(isWanted);
  const frames = wanted.map((event) => list.ofOne(detail, event, () => frameOf(event, detail)));
  return { count: wanted.length, frames: Buffer.from(frames.join('')) };
}

/** Which events a stream has, and what it shows of them. */
export interface StreamedEvents {
  /** Null for all. */
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  /** Null for all. */
  readonly types: ReadonlySet<string> | null;
  readonly detail: EventDetail;
}

/** Whether an identity sees an event: an app of patients sees only those of the tokens that it has booked. */
export const isSeenBy = ({ token, tokenId }: PublicEvent, identity: Identity): boolean =>
  !seesOwnTokensOnly(identity.role) ||
  tokenId === null ||
  (token !== null && isActorOf(token.bookedBy, identity));

/** The events of one client as `text/event-stream`. */
export class EventStream implements Subscriber {
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  readonly #reply: FastifyReply;
  readonly #response: ServerResponse;
  readonly #grant: EventGrant;
  readonly #detail: EventDetail;
  readonly #isWanted: (event: PublicEvent) => boolean;
  /** Streams of one kind show the same of the same events; null when what it shows depends on the caller. */
  readonly #kind: string | null;
  #isCut = false;

  constructor(
    reply: FastifyReply,
    grant: EventGrant,
    { doctorIds, types, detail }: StreamedEvents,
  ) {
    const { identity } = grant;
    this.#reply = reply;
    this.#response = reply.raw;
    this.#grant = grant;
    this.doctorIds = doctorIds;
    this.#detail = detail;
    this.#isWanted = (event) => (types?.has(event.type) ?? true) && isSeenBy(event, identity);
    this.#kind = seesOwnTokensOnly(identity.role)
      ? null
      : [detail, ...(types === null ? ['*'] : [...types].sort())].join();
  }

  get isAllowed(): boolean {
    return this.#grant.isValid();
  }

  get isReady(): boolean {
    return !this.#response.writableNeedDrain;
  }

  /** Sends the head of the answer. A client that gets no event resumes from the cursor of its beginning. */
  begin(cursor: string): void {
    this.#reply.hijack();
    // The end of the connection is the end of the stream, so the bytes of an event need no frame of their own in HTTP.
    this.#response.removeHeader('transfer-encoding');
    this.#response.writeHead(200, { ...(this.#reply.getHeaders() as Headers), ...HEADERS });
    this.#write(Buffer.from(`retry: ${LIMITS.retryMs}\nid: ${cursor}\n\n`));
  }

  take(list: SharedEvents): void {
    const make = (): ShownEvents => shownOf(list, this.#detail, this.#isWanted);
    const { count, frames } = this.#kind === null ? make() : list.ofAll(this.#kind, make);
    if (count === 0) return;
    this.#write(frames);
    publish('opd:events-sent', () => ({ count }));
  }

  rest(cursor: string): void {
    this.#write(Buffer.from(`: still here\nid: ${cursor}\n\n`));
  }

  reset(cursor: string): void {
    this.#write(Buffer.from(`id: ${cursor}\nevent: reset\ndata: {"type":"reset"}\n\n`));
  }

  end(): void {
    // A client that does not take what waits for it would not take the end either. It resumes later in both cases.
    if (this.#response.writableLength === 0) this.#response.end();
    else this.#response.destroy();
  }

  // The bytes of this delivery do not count, because no reader could have taken them yet, and streams share them.
  #write(frames: Buffer): void {
    if (this.#isCut || this.#response.writableEnded) return;
    if (this.#response.writableLength <= LIMITS.bufferBytesMax) {
      this.#response.write(frames);
      return;
    }
    this.#isCut = true;
    publish('opd:event-reader-cut', () => ({}));
    this.#response.destroy();
  }
}

type Headers = Readonly<Record<string, string>>;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  connection: 'close',
  // nginx would hold events back otherwise.
  'x-accel-buffering': 'no',
} as const;
