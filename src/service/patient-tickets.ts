import { tokenId, type TokenId } from '../engine/index.ts';
import { NotDurableError } from '../store/index.ts';
import type { Identity } from './caller.ts';
import type { Tickets } from './tickets.ts';

/** A patient whom a ticket has named. */
export interface TicketHolder {
  readonly tokenId: TokenId;
  readonly identity: Identity;
}

/**
 * The tickets by which patients see their own token, and nothing else. Whoever has the ticket is taken for the patient. A
 * ticket does not expire, because a token of any age can be read.
 */
export class PatientTickets {
  readonly #tickets: Tickets;

  constructor(tickets: Tickets) {
    this.#tickets = tickets;
  }

  /** The ticket of a token; undefined when the secret of the tickets cannot be read or stored now. */
  async ticketOf(id: string): Promise<string | undefined> {
    try {
      return await this.#tickets.sign('patient', id);
    } catch (error) {
      if (error instanceof NotDurableError) return undefined;
      throw error;
    }
  }

  /**
   * The patient whom a ticket names; undefined when it is not valid.
   * @throws NotDurableError when the secret of the tickets cannot be read or stored now
   */
  async holderOf(ticket: string): Promise<TicketHolder | undefined> {
    const id = await this.#tickets.textOf('patient', ticket);
    if (id === undefined) return undefined;
    // No access key has a colon in its name, so a rate limit counts the requests of each token by themselves.
    const name = `patient:${id}`;
    return {
      tokenId: tokenId(id),
      identity: { name, actor: 'patient:link', role: 'patient_app', doctorIds: null },
    };
  }
}
