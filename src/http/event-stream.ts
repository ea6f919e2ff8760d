import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { DoctorId } from '../engine/index.ts';
import {
  eventDetailOf,
  isActorOf,
  seesOwnTokensOnly,
  type EventDetail,
  type EventGrant,
  type Identity,
  type PublicEvent,
  type Subscriber,
} from '../service/index.ts';
import { publish } from '../telemetry/index.ts';
import { eventOf } from './resources/event.ts';

export const LIMITS = {
  /** Bytes that may wait for a reader before its stream is cut. It resumes behind the last event that it has. */
  bufferBytesMax: 256 * 1024,
  /** Milliseconds after which a client connects again; browsers obey. */
  retryMs: 2_000,
} as const;

/** Bytes that may wait for a reader when it gets a page of old events. */
const READY_BYTES = 16 * 1024;

/** The frames of the newest events: made once for all streams that show as much of them. */
const FRAMES: Readonly<Record<EventDetail, WeakMap<PublicEvent, Buffer>>> = {
  ...{ patients: new WeakMap(), ids: new WeakMap(), numbers: new WeakMap() },
};
/** The frames of lists of events that several streams get whole. */
const JOINED: Readonly<Record<EventDetail, WeakMap<readonly PublicEvent[], Buffer>>> = {
  ...{ patients: new WeakMap(), ids: new WeakMap(), numbers: new WeakMap() },
};

/** Finds the value of a key, or makes it. */
function remembered<Key extends object>(
  known: WeakMap<Key, Buffer>,
  key: Key,
  make: () => Buffer,
): Buffer {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}

/** An event in the format of event streams. JSON has no line break, so `data` is one line. */
const frameOf = (event: PublicEvent, detail: EventDetail): Buffer =>
  remembered(FRAMES[detail], event, () =>
    Buffer.from(
      `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(eventOf(event, detail))}\n\n`,
    ),
  );

const joinedOf = (events: readonly PublicEvent[], detail: EventDetail): Buffer =>
  remembered(JOINED[detail], events, () =>
    Buffer.concat(events.map((event) => frameOf(event, detail))),
  );

/** Which events a request asks for. */
export interface EventFilter {
  /** Null for all. */
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  /** Null for all. */
  readonly types: ReadonlySet<string> | null;
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
  /** Null when every event of the doctors is wanted. */
  readonly #isWanted: ((event: PublicEvent) => boolean) | null;
  #isCut = false;

  constructor(reply: FastifyReply, grant: EventGrant, { doctorIds, types }: EventFilter) {
    const { identity } = grant;
    this.#reply = reply;
    this.#response = reply.raw;
    this.#grant = grant;
    this.doctorIds = doctorIds;
    this.#detail = eventDetailOf(identity.role);
    this.#isWanted =
      types === null && !seesOwnTokensOnly(identity.role)
        ? null
        : (event) => (types?.has(event.type) ?? true) && isSeenBy(event, identity);
  }

  get isAllowed(): boolean {
    return this.#grant.isValid();
  }

  get isReady(): boolean {
    return this.#response.writableLength <= READY_BYTES;
  }

  /** Sends the head of the answer. A client that gets no event resumes from the cursor of its beginning. */
  begin(cursor: string): void {
    this.#reply.hijack();
    this.#response.writeHead(200, { ...(this.#reply.getHeaders() as Headers), ...HEADERS });
    this.#write(Buffer.from(`retry: ${LIMITS.retryMs}\nid: ${cursor}\n\n`));
  }

  take(events: readonly PublicEvent[]): void {
    const wanted = this.#isWanted === null ? events : events.filter(this.#isWanted);
    if (wanted.length === 0) return;
    this.#write(this.#framesOf(wanted, wanted === events));
    publish('opd:events-sent', () => ({ count: wanted.length }));
  }

  #framesOf(wanted: readonly PublicEvent[], isShared: boolean): Buffer {
    const [first] = wanted;
    if (wanted.length === 1 && first !== undefined) return frameOf(first, this.#detail);
    return isShared
      ? joinedOf(wanted, this.#detail)
      : Buffer.concat(wanted.map((event) => frameOf(event, this.#detail)));
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

  #write(frames: Buffer): void {
    if (this.#isCut || this.#response.writableEnded) return;
    this.#response.write(frames);
    if (this.#response.writableLength <= LIMITS.bufferBytesMax) return;
    this.#isCut = true;
    publish('opd:event-reader-cut', () => ({}));
    this.#response.destroy();
  }
}

type Headers = Readonly<Record<string, string>>;

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // nginx would hold events back otherwise.
  'x-accel-buffering': 'no',
} as const;
