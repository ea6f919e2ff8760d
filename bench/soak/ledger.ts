import type { ChangeView } from '../../src/http/resources/index.ts';

/** A token as an answer has shown it. */
interface Shown {
  readonly id: string;
  readonly status: string;
  /** Null when the answer names the status alone. */
  readonly slot_id: string | null;
}

/** Records what the answers have shown to each client. At the end every shown state must be in the history of its token. */
export class Ledger {
  /** The states that each client has seen of each token, in the order in which the client has seen them. */
  readonly #seen = new Map<string, Map<string, string[]>>();
  /** The names of patients whose booking was sent, and whether it was acknowledged. */
  readonly #bookings = new Map<string, boolean>();
  shown = 0;

  /** The ids of all tokens that any answer has shown. */
  get tokenIds(): string[] {
    return [...this.#seen.keys()];
  }

  sendBooking(name: string): void {
    this.#bookings.set(name, false);
  }

  acknowledgeBooking(name: string): void {
    this.#bookings.set(name, true);
  }

  wasSent(name: string): boolean {
    return this.#bookings.has(name);
  }

  /** The names of the patients whose booking was acknowledged. */
  get acknowledged(): string[] {
    return Array.from(this.#bookings)
      .filter(([, isAcknowledged]) => isAcknowledged)
      .map(([name]) => name);
  }

  see(client: string, { id, status, slot_id }: Shown): void {
    const clients = this.#seen.get(id) ?? new Map<string, string[]>();
    this.#seen.set(id, clients);
    const states = clients.get(client) ?? [];
    clients.set(client, states);
    const state = `${status} ${slot_id ?? ''}`;
    if (states.at(-1) === state) return;
    states.push(state);
    this.shown += 1;
  }

  /** Records every token in the body of an answer. */
  seeAll(client: string, part: unknown): void {
    if (typeof part !== 'object' || part === null) return;
    if (isShown(part)) this.see(client, part);
    for (const value of Object.values(part)) this.seeAll(client, value);
  }

  /**
   * The states of a token that a client has seen and that its history does not explain. Each client must find the states
   * in the history in the order in which it has seen them.
   */
  unexplained(id: string, history: readonly ChangeView[]): string[] {
    const faults: string[] = [];
    for (const [client, states] of this.#seen.get(id) ?? []) {
      let nth = 0;
      for (const state of states) {
        const found = history.findIndex((change, index) => index >= nth && isState(change, state));
        if (found === -1) {
          faults.push(`${client} saw token ${id} as ${state}`);
          break;
        }
        nth = found;
      }
    }
    return faults;
  }
}

const isShown = (part: object): part is Shown =>
  ['id', 'status', 'slot_id'].every(
    (name) => typeof (part as Readonly<Record<string, unknown>>)[name] === 'string',
  );

function isState({ to, slot_id }: ChangeView, state: string): boolean {
  const [status = '', slotId = ''] = state.split(' ');
  return to === status && (slotId === '' || slotId === slot_id);
}
