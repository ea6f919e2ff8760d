import type { Change, DoctorId, EpochMs, SlotId, TokenId } from '../engine/index.ts';

/** One durable change, as it is recorded. */
export interface LoggedChange {
  readonly change: Change;
  readonly actor: string;
  /** The reason of the command. Null for tokens that the command only touched: bumped or promoted (R17). */
  readonly reason: string | null;
  /** The cursor after this change: `since` goes on behind it. */
  readonly cursor: string;
}

/** A change of the record, and who made it. */
export type FactChange = Pick<LoggedChange, 'change' | 'actor'>;

/** Some changes in a row. */
export interface ChangePage {
  readonly entries: readonly LoggedChange[];
  /** Where the next page begins. It may be further than the last entry, because other doctors' changes are left out. */
  readonly cursor: string;
  /** Whether no more changes can be read now: the next ones are announced to the listeners of `onCommit`. */
  readonly isEnd: boolean;
}

/** The tokens and slots whose facts are asked for. */
export interface Subjects {
  readonly tokenIds: readonly TokenId[];
  readonly slotIds: readonly SlotId[];
}

/** The kinds of changes that set a fact of a token which later changes of the token do not repeat. */
export const TOKEN_FACT_KINDS = [
  'booked',
  'moved_in',
  'reclassified',
  'corrected',
] as const satisfies readonly Change['kind'][];

/** A change that sets a fact of a token. */
export type TokenFact = Extract<Change, { readonly kind: (typeof TOKEN_FACT_KINDS)[number] }>;

const FACT_KINDS: ReadonlySet<string> = new Set(TOKEN_FACT_KINDS);

export const isTokenFact = (change: Change): change is TokenFact => FACT_KINDS.has(change.kind);

/**
 * The record of all changes as a stream, for live feeds and webhooks. Changes of doctors and slots are in it too.
 *
 * The order is one for the whole database and contains the order of every doctor's versions. A change is in it only when
 * it is durable, exactly once, and never before the cursor of a page that has been given: a change that becomes durable
 * late comes later in the order, or holds back what comes behind it.
 *
 * A cursor is a text that only the adapter can read. It stays valid for as long as its change record exists: after a
 * restart, in another process, in a restored backup and in a copy that `migrate-store` made.
 */
export interface ChangeLog {
  /** The cursor before the first change there is. */
  readonly beginning: string;
  /**
   * The cursor of now. Every change that becomes durable after this call comes behind it. On PostgreSQL, changes that
   * became durable immediately before the call may come behind it too.
   */
  end(): Promise<string>;
  /**
   * The changes behind a cursor.
   * @param limit the greatest number of changes to read, at least 1; those left out for `doctorIds` count
   * @param doctorIds leaves out the changes of all other doctors
   * @throws UnknownCursorError when the cursor is not one of this database
   * @throws NotDurableError when the database cannot be read now
   */
  since(cursor: string, limit: number, doctorIds?: ReadonlySet<DoctorId>): Promise<ChangePage>;
  /**
   * The changes that tell what these tokens and slots were when the change at the cursor was the last one, in the order
   * of the log: of a token the changes of `TOKEN_FACT_KINDS`, of a slot its `slot_set`. The result depends on the record
   * alone, so it is the same in every process and after years.
   * @throws NotDurableError when the database cannot be read now
   */
  factsAt(cursor: string, subjects: Subjects): Promise<readonly FactChange[]>;
  /**
   * The cursor before the change that a cursor is behind.
   * @throws UnknownCursorError when the cursor is not one of this database, or is that of the beginning
   * @throws NotDurableError when the database cannot be read now
   */
  before(cursor: string): Promise<string>;
  /**
   * The cursor before the first change at or after an instant. If the clock was set back in between, it may be that of
   * another change near it.
   * @throws NotDurableError when the database cannot be read now
   */
  at(instant: EpochMs): Promise<string>;
  /**
   * Calls the listener soon after changes have become durable: a hint that `since` may have something to give. Hints may
   * come late, together, or without a change. A listener that throws or rejects harms nothing: its error is ignored.
   * @returns ends the subscription
   */
  onCommit(listener: () => unknown): () => void;
}

/** The cursor is not one of this database: its change record was never there, or is lost. The reader starts anew. */
export class UnknownCursorError extends Error {
  override readonly name = 'UnknownCursorError';
  readonly code = 'OPD_UNKNOWN_CURSOR';
}
