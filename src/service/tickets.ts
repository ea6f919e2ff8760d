import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../engine/index.ts';
import type { KeyStore } from '../store/index.ts';

/** What tickets are for. A ticket for one purpose is not valid for another one. */
export type TicketPurpose = 'events' | 'patient';

/** The name under which the secret of all tickets is stored. */
const SECRET_NAME = 'tickets';
const SECRET_BYTES = 32;
/** Bytes of the code of a ticket: nobody guesses 128 bits. */
const CODE_BYTES = 16;
const TICKET = /^([\w-]+)\.([\w-]{22})$/;

/**
 * Signs texts, so that a text that comes back can be trusted: `text.code` in letters that a URL may have. The text is
 * readable by everybody. Tickets are not stored. They are valid in every process of the database and after a restart,
 * because the secret of the signatures is in the database; the first process that needs it makes it.
 */
export class Tickets {
  readonly #keys: KeyStore;
  readonly #clock: () => EpochMs;
  #secret: Promise<Buffer> | null = null;

  constructor(keys: KeyStore, clock: () => EpochMs) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /**
   * Makes the ticket of a text.
   * @throws NotDurableError when the secret cannot be read or stored now
   */
  async sign(purpose: TicketPurpose, text: string): Promise<string> {
    const encoded = Buffer.from(text).toString('base64url');
    return `${encoded}.${await this.#codeOf(purpose, encoded)}`;
  }

  /**
   * The text of a ticket; undefined when the ticket was not signed for this purpose.
   * @throws NotDurableError when the secret cannot be read or stored now
   */
  async textOf(purpose: TicketPurpose, ticket: string): Promise<string | undefined> {
    const [, encoded, code] = TICKET.exec(ticket) ?? [];
    if (encoded === undefined || code === undefined) return undefined;
    const expected = await this.#codeOf(purpose, encoded);
    return timingSafeEqual(Buffer.from(code), Buffer.from(expected))
      ? Buffer.from(encoded, 'base64url').toString()
      : undefined;
  }

  async #codeOf(purpose: TicketPurpose, encoded: string): Promise<string> {
    this.#secret ??= this.#readSecret().catch((error: unknown) => {
      this.#secret = null;
      throw error;
    });
    const mac = createHmac('sha256', await this.#secret).update(`${purpose}\n${encoded}`);
    return mac.digest().subarray(0, CODE_BYTES).toString('base64url');
  }

  /** Of secrets that several processes make at the same time, the one that is stored first is used by all. */
  async #readSecret(): Promise<Buffer> {
    const known = await this.#storedSecret();
    if (known !== undefined) return known;
    const value = randomBytes(SECRET_BYTES).toString('base64url');
    await this.#keys.writeKeys([
      { secret: { name: SECRET_NAME, value, createdAt: this.#clock() } },
    ]);
    return (await this.#storedSecret()) ?? this.#readSecret();
  }

  async #storedSecret(): Promise<Buffer | undefined> {
    const secrets = await this.#keys.secrets();
    const stored = secrets.find(({ name }) => name === SECRET_NAME);
    return stored && Buffer.from(stored.value, 'base64url');
  }
}
