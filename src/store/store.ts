import type {
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LiveStatus,
  LocalDate,
  PatientId,
  SlotFacts,
  SlotId,
  Status,
  TokenId,
} from '../engine/index.ts';

/** The first answer to a command that came with an idempotency key, kept with the command's effect. */
export interface StoredResponse {
  readonly caller: string;
  readonly key: string;
  /** Tells a repeat from another request under the same key. */
  readonly requestHash: string;
  /** JSON. */
  readonly answer: string;
  readonly at: EpochMs;
}

/** Hours for which an answer is kept. */
export const RESPONSE_RETENTION_HOURS = 24;

/** The instant up to which answers are too old to be given again. */
export const responsesExpiredAt = (now: EpochMs): number =>
  now - RESPONSE_RETENTION_HOURS * 3_600_000;

/** Who asked for a command, and why if they said so; both go on record with its changes. */
export interface Origin {
  readonly actor: string;
  readonly reason: string | null;
}

/** What a command decided: the changes the engine has applied, and the answer to give once they are durable. */
export interface Decision<T> {
  readonly changes: readonly Change[];
  readonly answer: T;
  readonly origin: Origin;
  readonly response: StoredResponse | null;
}

/** What a command touches. */
export interface Scope {
  readonly doctorIds: readonly DoctorId[];
  /** Slots that must be in the engine even if they are over. */
  readonly slotIds?: readonly SlotId[];
  /** Whether it may give ids to sessions or single slots: of such commands, one goes after the other. */
  readonly isSetup?: boolean;
}

/** How far a look at what is kept goes. */
export interface Horizon {
  readonly now: EpochMs;
  /** Whether a slot is over and its day too; its doctor is in the engine when it is asked. */
  readonly isPast: (slot: SlotFacts) => boolean;
}

/** A token as kept, of any age and status. */
export interface StoredToken {
  readonly id: TokenId;
  readonly doctorId: DoctorId;
  readonly slotId: SlotId;
  readonly patientName: string;
  readonly patientId: PatientId | null;
  readonly patientType: string;
  /** The priority that the class had when the token got it. */
  readonly priority: number;
  readonly arrival: number;
  readonly number: number;
  readonly bookedAt: EpochMs;
  readonly status: Status;
  readonly hasCheckedIn: boolean;
}

/** A slot as kept, with its live tokens in no particular order. */
export interface StoredSlot {
  readonly facts: SlotFacts;
  /** The number printed last on its doctor's day, whoever has it. */
  readonly lastNumber: number;
  readonly tokens: readonly (StoredToken & { readonly status: LiveStatus })[];
}

/** One change of one token, as its history tells it. */
export interface ChangeRecord {
  readonly doctorId: DoctorId;
  readonly version: number;
  readonly at: EpochMs;
  readonly kind: Exclude<Change['kind'], 'doctor_set' | 'slot_set'>;
  readonly tokenId: TokenId;
  readonly slotId: SlotId;
  /** Null where the token enters the slot: `booked`, `moved_in`. */
  readonly from: LiveStatus | null;
  /** Null where the token leaves the slot: `moved_out`. */
  readonly to: Status | null;
  /** The class that the token got by this change: `booked`, `moved_in`, `reclassified`; else null. */
  readonly patientType: string | null;
  readonly cause: TokenId | null;
  readonly actor: string;
  readonly reason: string | null;
}

/** `stalled`: the disk is full or the database busy, and it is being tried again. `failed` is final. */
export type StoreState = 'ready' | 'stalled' | 'failed';

/** Where state lives. The doctor is the unit of consistency; the engine is handed to the adapter when it is made. */
export interface Store {
  /** False when a restart loses everything. */
  readonly isDurable: boolean;
  readonly state: StoreState;
  /** Settles with the reason when the store has failed for good: the process must stop. */
  readonly failure: Promise<Error>;
  /**
   * Brings into the engine the doctors, then the slots that are not past and those, however old, in which somebody
   * still waits. A slot that ended long ago is past without being asked about: no delay is that long.
   * @param horizon asked whenever a doctor is brought into the engine, now and later
   */
  load(horizon: () => Horizon): Promise<void>;
  /**
   * Brings into the engine what time may have something to do with and others have put there: doctors who are new to
   * it or whose time zone is, and those in whose slots that have ended by `now` somebody waits.
   */
  sync(now: EpochMs): Promise<void>;
  /**
   * When `decide` runs, the engine's state of these doctors is current and nobody else can change it; it runs
   * synchronously. Resolves with its answer when its changes, its kept answer and everything that could be
   * seen when it ran are durable: all or none. An attempt that comes to nothing is made again: `decide` runs once in each.
   * @throws NotDurableError nothing was changed, the store takes no commands now
   * @throws OverloadedError nothing was changed, too many commands wait for the disk
   * @throws KeyTakenError nothing was changed, another answer is kept under the key
   */
  transact<T>(scope: Scope, decide: () => Decision<T>): Promise<T>;
  /**
   * When `look` runs, once and synchronously, the engine's state of the doctor is no older than any answer that was
   * given before; resolves with what it saw when that is durable.
   * @throws NotDurableError it is not going to be soon
   */
  read<T>(doctorId: DoctorId, look: () => T): Promise<T>;
  /** Whether nothing of this doctor is in flight: what is in the engine is durable, and may be let go of. */
  isSettled(doctorId: DoctorId): boolean;
  /** The doctor who has a slot, of any age, or a session of this id, durable or not. */
  ownerOf(id: SlotId): Promise<DoctorId | undefined>;
  /** All doctors, in the order of their ids. This and what follows tells only what is durable, and nothing older than an answer given before. */
  doctors(): Promise<readonly DoctorFacts[]>;
  /** A token of any age. */
  token(id: TokenId): Promise<StoredToken | undefined>;
  /** A token's change records, oldest first. */
  history(id: TokenId): Promise<readonly ChangeRecord[]>;
  /** A slot of any age. */
  slot(id: SlotId): Promise<StoredSlot | undefined>;
  /**
   * Those of the doctor's slots that are not excepted, from one local date to another, both included, in the order in which
   * they start.
   */
  slots(
    doctorId: DoctorId,
    from: LocalDate,
    to: LocalDate,
    except: ReadonlySet<SlotId>,
  ): Promise<readonly StoredSlot[]>;
  /**
   * What happened in a slot, in the order of its doctor's versions: what the slot was set to, and every change of a token
   * in it, of those too that have moved out since.
   */
  slotChanges(slotId: SlotId): Promise<readonly Change[]>;
  /** The answer kept under a key for less than 24 hours before `now`. */
  storedResponse(caller: string, key: string, now: EpochMs): Promise<StoredResponse | undefined>;
  /** Makes durable what is in flight, then lets go of everything. */
  close(): Promise<void>;
}

/** What is kept, to be read and to try commands on: what is decided here is forgotten. */
export type DryRunStore = Pick<Store, 'load' | 'transact' | 'close'>;

/** The store cannot promise durability now; it recovers by itself. */
export class NotDurableError extends Error {
  override readonly name = 'NotDurableError';
  readonly code = 'OPD_NOT_DURABLE';
}

/** More commands wait for the disk than the process is willing to hold. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly code = 'OPD_OVERLOADED';
}

/** Another command has had its answer kept under the key meanwhile. */
export class IdempotencyKeyTakenError extends Error {
  override readonly name = 'KeyTakenError';
  readonly code = 'OPD_KEY_TAKEN';
}

/** The store cannot be opened; the message is one sentence for the person who started the process. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
  readonly code = 'OPD_STORE_OPEN';
}
