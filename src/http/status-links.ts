import type { Answer, PatientTickets } from '../service/index.ts';

/** What an answer that is a token may have beside the token: the link to the patient's own page. */
export interface Linked {
  readonly id: string;
  readonly status_url?: string;
}

/** The links to the pages of patients, as `PUBLIC_URL` begins them. */
export class StatusLinks {
  readonly #tickets: PatientTickets;
  readonly #publicUrl: string;

  constructor(tickets: PatientTickets, publicUrl: string) {
    this.#tickets = tickets;
    this.#publicUrl = publicUrl;
  }

  /** A token with its link. Without it when the link cannot be made now: the booking is made all the same. */
  async linked<View extends Linked>(view: View): Promise<View> {
    const ticket = await this.#tickets.ticketOf(view.id);
    return ticket === undefined ? view : { ...view, status_url: `${this.#publicUrl}/t/${ticket}` };
  }

  /** The answer to a booking with the link. The answer that is stored under an idempotency key has none: a repeat gets it here. */
  async linkedAnswer<View extends Linked>(answer: Promise<Answer<View>>): Promise<Answer<View>> {
    const { result, isReplay } = await answer;
    if (!result.ok) return { result, isReplay };
    return { result: { ok: true, value: await this.linked(result.value) }, isReplay };
  }
}
