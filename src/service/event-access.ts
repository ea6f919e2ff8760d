import { doctorId, epochMs, type EpochMs } from '../engine/index.ts';
import type { AccessKeys } from './access-keys.ts';
import { ANONYMOUS, type Identity } from './caller.ts';
import type { Role } from './roles.ts';
import type { Tickets } from './tickets.ts';

/** Milliseconds for which a ticket opens a stream. The stream itself goes on. */
export const TICKET_MS = 10 * 60_000;

/** A caller who may read events, for as long as `isValid`. */
export interface EventGrant {
  readonly identity: Identity;
  /** False as soon as the key or token has expired, or the key is revoked or has another secret, role or other doctors. */
  readonly isValid: () => boolean;
}

/** What the ticket of an event stream says. The id of the key is null when the caller has no key of the service. */
type TicketFacts = readonly [
  name: string,
  actor: string,
  role: string,
  doctorIds: readonly string[] | null,
  keyId: string | null,
  identityExpiresAt: number | null,
  expiresAt: number,
];

/** Who may read a stream of events, and for how long. A browser cannot send a key with a stream: it sends a ticket. */
export class EventAccess {
  readonly #keys: AccessKeys;
  readonly #tickets: Tickets;
  readonly #clock: () => EpochMs;

  constructor(keys: AccessKeys, tickets: Tickets, clock: () => EpochMs) {
    this.#keys = keys;
    this.#tickets = tickets;
    this.#clock = clock;
  }

  /** The grant of a caller who was recognised just now. */
  grantOf(identity: Identity): EventGrant {
    const keyId = this.#keys.validKey(identity.name)?.id ?? null;
    return { identity, isValid: () => this.#isCurrent(identity, keyId) };
  }

  /**
   * Makes a ticket for a caller who was recognised just now.
   * @throws NotDurableError when the secret of the tickets cannot be read or stored now
   */
  async issue(identity: Identity): Promise<{ ticket: string; expiresAt: EpochMs }> {
    const expiresAt = epochMs(this.#clock() + TICKET_MS);
    const { name, actor, role, doctorIds, expiresAt: end = null } = identity;
    const keyId = this.#keys.validKey(name)?.id ?? null;
    const doctors = doctorIds === null ? null : [...doctorIds];
    const facts: TicketFacts = [name, actor, role, doctors, keyId, end, expiresAt];
    return { ticket: await this.#tickets.sign('events', JSON.stringify(facts)), expiresAt };
  }

  /**
   * The grant of a ticket; undefined when it is not valid, or not any more.
   * @throws NotDurableError when the secret of the tickets cannot be read or stored now
   */
  async grantOfTicket(ticket: string): Promise<EventGrant | undefined> {
    const text = await this.#tickets.textOf('events', ticket);
    if (text === undefined) return undefined;
    // Only this class signs such texts.
    const [name, actor, role, doctors, keyId, end, expiresAt] = JSON.parse(text) as TicketFacts;
    const identity: Identity = {
      ...{ name, actor, role: role as Role },
      doctorIds: doctors === null ? null : new Set(doctors.map(doctorId)),
      ...(end === null ? {} : { expiresAt: epochMs(end) }),
    };
    if (this.#clock() >= expiresAt || !this.#isCurrent(identity, keyId)) return undefined;
    return { identity, isValid: () => this.#isCurrent(identity, keyId) };
  }

  /** Whether what an identity may do is still what its key may do, and its token has not expired. */
  #isCurrent(identity: Identity, keyId: string | null): boolean {
    if (identity.expiresAt !== undefined && this.#clock() >= identity.expiresAt) return false;
    if (identity.name === ANONYMOUS.name) return this.#keys.state !== 'some';
    if (keyId === null) return true;
    const key = this.#keys.validKey(identity.name);
    return key?.id === keyId && hasSameRights(key.identity, identity);
  }
}

function hasSameRights(a: Identity, b: Identity): boolean {
  if (a.role !== b.role) return false;
  if (a.doctorIds === null || b.doctorIds === null) return a.doctorIds === b.doctorIds;
  return a.doctorIds.symmetricDifference(b.doctorIds).size === 0;
}
