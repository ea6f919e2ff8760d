import type {
  Change,
  DoctorFacts,
  DoctorId,
  EpochMs,
  LocalDate,
  SlotFacts,
  TokenId,
  TokenChange,
} from '../engine/index.ts';
import type { StoredToken } from './archive.ts';
import { changeOf, type ChangeRow } from './change-rows.ts';
import { StoreOpenError } from './store.ts';

/** The greatest number of rows in a batch that is read, and of ids in one question. */
export const ROWS_PER_BATCH = 1_000;

/** Change records, some at a time. A source that reads without waiting gives an Iterable. */
export type Batches = Iterable<readonly Change[]> | AsyncIterable<readonly Change[]>;

/** A doctor's rows as the tables have them, without the tokens. */
export interface StoredDoctor {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly breakUntil: EpochMs | null;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
  readonly slots: readonly SlotFacts[];
}

/** A change of a token with the local date of its slot. The date is null when there is no such slot. */
export interface DatedChange {
  readonly change: TokenChange;
  readonly date: LocalDate | null;
}

/** A printed number that several tokens of one doctor's day have, against R10. */
export interface DoubledNumber {
  readonly doctorId: DoctorId;
  readonly date: LocalDate;
  readonly number: number;
  /** In the order of the ids. */
  readonly tokenIds: readonly TokenId[];
}

/**
 * What the audit reads: one consistent snapshot of a database, stopped or live. The database may be a network away and
 * years deep, so changes and tokens are read in batches of at most `ROWS_PER_BATCH`.
 */
export interface AuditSource {
  doctorIds(): Promise<readonly DoctorId[]>;
  /**
   * All change records, in batches: doctor after doctor, each doctor's in the order of their versions. The caller may
   * call the other methods between two batches.
   * @throws StoreOpenError naming the change record that cannot be read
   */
  changes(): Batches;
  /** All change records of one doctor, for a doctor who has few. */
  changesOf(id: DoctorId): Promise<readonly Change[]>;
  doctor(id: DoctorId): Promise<StoredDoctor | undefined>;
  /** The tokens of these ids that exist, in any order. At most `ROWS_PER_BATCH` ids. */
  tokens(ids: readonly TokenId[]): Promise<readonly StoredToken[]>;
  /**
   * All change records of these tokens, of all doctors, each token's in the order in which they were written. At most
   * `ROWS_PER_BATCH` ids.
   * @throws StoreOpenError as above
   */
  steps(ids: readonly TokenId[]): Promise<readonly DatedChange[]>;
  /** Tokens without any change record, and tokens that have moved to another doctor and left a row behind. */
  orphanTokens(): Promise<readonly TokenId[]>;
  /** Tokens whose stored history is not all their change records, in their order. */
  brokenHistories(): Promise<readonly TokenId[]>;
  /** The numbers that several tokens have, by doctor, date and number. */
  doubledNumbers(): Promise<readonly DoubledNumber[]>;
  close(): Promise<void>;
}

/**
 * The change of a row.
 * @throws StoreOpenError naming the change record, because it cannot be read
 */
export function auditedChange(row: ChangeRow): Change {
  try {
    return changeOf(row);
  } catch (error) {
    const { token_id, doctor_id, version } = row;
    const name = `${token_id === null ? '' : `token ${token_id}: `}change ${doctor_id}:${version}`;
    throw new StoreOpenError(`${name} cannot be read: ${(error as Error).message}.`);
  }
}
