import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { EventLog, PublicEvent } from '../service/index.ts';

/** An event as it is sent. */
export interface Message {
  /** The id of the event: the cursor behind it. */
  readonly id: string;
  readonly type: string;
  readonly doctorId: DoctorId;
  /** The doctor's version after the event: later events of the doctor have greater ones. */
  readonly version: number;
  readonly at: EpochMs;
  readonly body: string;
}

/** Some messages in a row. See `ChangePage`. */
export interface MessagePage {
  readonly messages: readonly Message[];
  readonly cursor: string;
  readonly isEnd: boolean;
}

/** Pages that are remembered until the next commit. */
const PAGES_MAX = 16;

/** The events of the record as messages. Webhooks that have come equally far share what is read and made. */
export class Messages {
  readonly #events: EventLog;
  readonly #bodyOf: (event: PublicEvent) => string;
  readonly #pages = new Map<string, Promise<MessagePage>>();

  /** @param bodyOf makes what is sent of an event: it must not contain the name or the id of a patient */
  constructor(events: EventLog, bodyOf: (event: PublicEvent) => string) {
    this.#events = events;
    this.#bodyOf = bodyOf;
  }

  /** Reads anew from now on, because there may be more behind a cursor than before. */
  refresh(): void {
    this.#pages.clear();
  }

  /** The messages of all doctors behind a cursor, at most `limit`; see `EventLog.since`. */
  since(cursor: string, limit: number): Promise<MessagePage> {
    const key = `${cursor} ${limit}`;
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    if (this.#pages.size >= PAGES_MAX) this.#pages.clear();
    const page = this.#read(cursor, limit);
    this.#pages.set(key, page);
    page.catch(() => this.#pages.delete(key));
    return page;
  }

  /** The messages of one doctor behind a cursor. */
  ofDoctor(doctorId: DoctorId, cursor: string, limit: number): Promise<MessagePage> {
    return this.#read(cursor, limit, new Set([doctorId]));
  }

  /**
   * The message of an event.
   * @throws UnknownCursorError when there is no such event
   */
  async find(id: string): Promise<Message | undefined> {
    return (await this.#read(await this.#events.before(id), 1)).messages[0];
  }

  end(): Promise<string> {
    return this.#events.end();
  }

  async #read(
    cursor: string,
    limit: number,
    doctorIds?: ReadonlySet<DoctorId>,
  ): Promise<MessagePage> {
    const { events, ...page } = await this.#events.since(cursor, limit, doctorIds);
    return { ...page, messages: events.map((event) => this.#messageOf(event)) };
  }

  #messageOf(event: PublicEvent): Message {
    const { id, type, doctorId, version, at } = event;
    return { id, type, doctorId, version, at, body: this.#bodyOf(event) };
  }
}
