import type {
  Change,
  DoctorFacts,
  DoctorId,
  LocalDate,
  SlotFacts,
  TokenId,
  TokenChange,
} from '../engine/index.ts';
import { StoreOpenError, type StoredToken } from './store.ts';

/** How many change records are read, and how many tokens are asked about, at once. */
export const ROWS_PER_BATCH = 1_000;

/** Change records, some at a time; a source that need not wait for them gives them without. */
export type Batches = Iterable<readonly Change[]> | AsyncIterable<readonly Change[]>;

/** A doctor's rows as the tables have them, apart from the tokens. */
export interface StoredDoctor {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
  readonly slots: readonly SlotFacts[];
}

/** A change of a token, and the local calendar day of its slot; null when there is no such slot. */
export interface DatedChange {
  readonly change: TokenChange;
  readonly date: LocalDate | null;
}

/**
 * What is verified: one consistent view of a store, stopped or live. It may be a network away, and years deep: what is
 * read for every change or every token is read in batches, and no more than `BATCH` ids are asked about at once.
 */
export interface AuditSource {
  doctorIds(): Promise<readonly DoctorId[]>;
  /**
   * All change records, in batches: doctor after doctor, each doctor's in the order of their versions. Between two
   * batches the other questions are asked.
   * @throws StoreOpenError naming the change record that cannot be read
   */
  changes(): Batches;
  doctor(id: DoctorId): Promise<StoredDoctor | undefined>;
  /** Those that there are, in any order. */
  tokens(ids: readonly TokenId[]): Promise<readonly StoredToken[]>;
  /**
   * All change records of these tokens, of whichever doctors, each token's in the order in which they were written.
   * @throws StoreOpenError as above
   */
  steps(ids: readonly TokenId[]): Promise<readonly DatedChange[]>;
  /** Tokens that no change record speaks of, or whose row stands at a doctor whom they have left. */
  orphanTokens(): Promise<readonly TokenId[]>;
  close(): Promise<void>;
}

/** What an error met in reading a change record comes to. */
export function unreadable(
  { token_id, doctor_id, version }: { token_id: string | null; doctor_id: string; version: number },
  error: unknown,
): StoreOpenError {
  const name = `${token_id === null ? '' : `token ${token_id}: `}change ${doctor_id}:${version}`;
  return new StoreOpenError(`${name} cannot be read: ${(error as Error).message}.`);
}
