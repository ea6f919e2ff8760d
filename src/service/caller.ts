/** The party that sends a request. Without access keys every request comes from the same one. */
export interface Identity {
  /** Goes on record as the actor of each change, and is the scope of an idempotency key. */
  readonly name: string;
}

export const ANONYMOUS: Identity = { name: 'anonymous' };

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
