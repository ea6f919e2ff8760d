import type { Change, DoctorId, EpochMs, LocalDate, SessionId, SlotId } from '../engine/index.ts';
import type { KeyWrite } from './access-keys.ts';
import type { StoredResponse } from './archive.ts';
import type { Erasure } from './erasure.ts';
import type { WebhookWrite } from './webhook-store.ts';

/** The caller of a command, and the reason that the caller gave. Both are recorded with the command's changes (R17). */
export interface Origin {
  readonly actor: string;
  readonly reason: string | null;
}

/** What a command decided: the changes that the engine has applied, and the answer to give once they are durable. */
export interface Decision<T> {
  readonly changes: readonly Change[];
  readonly answer: T;
  readonly origin: Origin;
  /** The response to store under the command's idempotency key. Null when there is no key, or nothing to store. */
  readonly response: StoredResponse | null;
  /** Slots that leave the engine when the decision is durable: a search must find their tokens without it. */
  readonly past?: readonly SlotId[];
  /** Access keys that a store with one owner writes. A command has none. */
  readonly keys?: readonly KeyWrite[];
  /** Webhooks and their progress, which a store with one owner writes. A command has none. */
  readonly webhooks?: readonly WebhookWrite[];
  /** The names and patient ids that leave the database with this decision. A command has none. */
  readonly erasure?: Erasure;
}

/** The doctors and slots that a command touches. */
export interface Scope {
  readonly doctorIds: readonly DoctorId[];
  /** Slots that must be in the engine when the command decides, even if they are over. */
  readonly slotIds?: readonly SlotId[];
  /**
   * Sessions that the command may give to a doctor. If a slot has an id of the form `id@...` and is not of this doctor's
   * session, one such slot of any age must be in the engine when the command decides, because it takes the id.
   */
  readonly sessions?: readonly SessionOfDoctor[];
  /** Whether the command may give ids to sessions or single slots. Such commands run one after another. */
  readonly isSetup?: boolean;
  /**
   * Whether the command may be decided a little later, with others: the scope follows from the command's own words, and the
   * command changes no doctor and no slot, so a scope that another command has read stays right.
   */
  readonly canWait?: boolean;
  /** Whether the command concerns every doctor, also one that another process adds meanwhile. It is a setup command. */
  readonly isHospitalWide?: boolean;
}

/** A session, and the doctor who has it or shall have it. */
export interface SessionOfDoctor {
  readonly id: SessionId;
  readonly doctorId: DoctorId;
}

/** The present time, which tells which slots are past and need not be in the engine. */
export interface Horizon {
  readonly now: EpochMs;
  /** The calendar day of `now` in a time zone. */
  readonly todayIn: (timeZone: string) => LocalDate;
}

/** `stalled`: the disk is full or the database busy, and the store retries. `failed` is final. */
export type StoreState = 'ready' | 'stalled' | 'failed';

/**
 * Where state becomes durable, and what keeps the engine current. The doctor is the unit of consistency. The engine is
 * handed to the adapter when the database is opened.
 */
export interface Store {
  /** False when a restart loses everything. */
  readonly isDurable: boolean;
  readonly state: StoreState;
  /** Commands, and on PostgreSQL reads too, that wait for the database or are on their way to it. */
  readonly queueLength: number;
  /** Resolves with the reason when the store has failed for good, because the process must stop then. */
  readonly failure: Promise<Error>;
  /**
   * Loads the doctors into the engine, then their slots that are not past, and every slot with a waiting token, however
   * old the slot is. A slot that ended more than 72 hours ago counts as past without a question, because no delay and
   * grace together are that long.
   *
   * From then on `transact` and `read` load a slot that was past and is not past any more, because the clock was set back
   * or the doctor moved to another time zone: the engine is a cache of what is stored.
   * @param horizon asked for the present time, now and before each command and each read
   */
  load(horizon: () => Horizon): Promise<void>;
  /**
   * Loads what other processes have written and a clock tick must act on: doctors that are new to the engine, doctors
   * whose time zone has changed, and doctors with a waiting token in a slot that has ended by `now`.
   */
  sync(now: EpochMs): Promise<void>;
  /**
   * Runs a command. When `decide` runs, the engine's state of these doctors is current and no other process can change it.
   * `decide` runs synchronously, once in each attempt; an attempt that has changed nothing durable is retried.
   * Resolves with the command's answer when its changes, its stored response and everything that `decide` could see are
   * durable: all or none.
   * @throws NotDurableError nothing was changed, because the store takes no commands now
   * @throws OverloadedError nothing was changed, because too many commands wait for the disk
   * @throws IdempotencyKeyTakenError nothing was changed, because another response is stored under the key
   * @throws UnknownOutcomeError the store closes before it is known whether the command has taken effect
   */
  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T>;
  /**
   * Reads the engine. `readEngine` runs once and synchronously, when the engine's state of the doctor is no older than any
   * answer given before. Resolves with the result of `readEngine` when the state that it read is durable.
   * @throws NotDurableError the state that `readEngine` read does not become durable soon
   */
  read<T>(doctorId: DoctorId, readEngine: () => T): Promise<T>;
  /** Whether no change of this doctor waits to become durable: the engine may evict the doctor's slots then. */
  isSettled(doctorId: DoctorId): boolean;
  /**
   * The doctor of the slot, of any age, or of the session that has this id, durable or not; undefined when it is durable
   * that there is neither.
   * @throws NotDurableError a change that may have removed the session does not become durable soon
   */
  ownerOf(id: SlotId): Promise<DoctorId | undefined>;
  /** Makes durable what is in flight, then closes the whole database: archive and change log too. */
  close(): Promise<void>;
}

/** A store to read from and to run commands on for a dry run: it writes nothing. */
export type DryRunStore = Pick<Store, 'load' | 'transact' | 'close'>;

/** The store cannot promise durability now; it recovers by itself. */
export class NotDurableError extends Error {
  override readonly name = 'NotDurableError';
  readonly code = 'OPD_NOT_DURABLE';
}

/** The store closes before the outcome of a commit is known, so its commands cannot be told that nothing was changed. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError';
  readonly code = 'OPD_UNKNOWN_OUTCOME';

  constructor() {
    super('It is not known whether the command has taken effect.');
  }
}

/** More commands wait for the disk than the process is willing to hold. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly code = 'OPD_OVERLOADED';
}

/** Another command has stored its response under the same key meanwhile. */
export class IdempotencyKeyTakenError extends Error {
  override readonly name = 'IdempotencyKeyTakenError';
  readonly code = 'OPD_KEY_TAKEN';
}

/** The database cannot be opened; the message is one sentence for the person who started the process. */
export class StoreOpenError extends Error {
  override readonly name: string = 'StoreOpenError';
  readonly code = 'OPD_STORE_OPEN';
}

/** The database file has another owner. */
export class DatabaseInUseError extends StoreOpenError {
  override readonly name = 'DatabaseInUseError';
}
