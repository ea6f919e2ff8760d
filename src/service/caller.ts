import type { DoctorId, EpochMs } from '../engine/index.ts';
import type { Role } from './roles.ts';

/** The party that sends a request. */
export interface Identity {
  /** The name of its access key, or `oidc:` and its subject at the identity provider; the scope of an idempotency key. */
  readonly name: string;
  /** Goes on record with each change: the name, and behind a slash the person for whom the request is sent. */
  readonly actor: string;
  readonly role: Role;
  /** The doctors to whom the party is limited; null when it is not. */
  readonly doctorIds: ReadonlySet<DoctorId> | null;
  /** The expiry of the token by which an identity provider names the party. A key has none: it is compared again. */
  readonly expiresAt?: EpochMs;
}

/** Everybody, while there is no access key. */
export const ANONYMOUS: Identity = {
  name: 'anonymous',
  actor: 'anonymous',
  role: 'admin',
  doctorIds: null,
};

/** The identity with the person for whom the request is sent. */
export const onBehalfOf = (identity: Identity, person: string): Identity => ({
  ...identity,
  actor: `${identity.name}/${person}`,
});

/** Whether an actor on record is this party, whoever the person was. */
export const isActorOf = (actor: string, { name }: Identity): boolean =>
  actor === name || actor.startsWith(`${name}/`);

/** The key under which the first answer to a command is stored, to be given again to a repeat of the command. */
export interface IdempotencyKey {
  readonly key: string;
  /** What makes two commands the same: the name of the command and its fields, as they were sent. */
  readonly request: readonly unknown[];
}

/** What a command comes with besides its own fields. */
export interface CommandContext {
  readonly identity: Identity;
  /** Null when no answer is to be stored. */
  readonly idempotency: IdempotencyKey | null;
}

/** What every read says: the identity that asks, and for how long it asks. */
export interface Query {
  readonly identity: Identity;
  /** The signal of the request, the same at each call: it aborts with a `RequestEndedError` when the answer is sent or the client has gone. */
  readonly ended: () => AbortSignal;
}
