import type {
  DoctorId,
  LocalDate,
  PatientId,
  SlotFacts,
  SlotId,
  TokenId,
} from '../engine/index.ts';
import type { StoredResponse } from './archive.ts';

/** The name of a patient that was erased. No booking has it, because a name has at least one visible character. */
export const ERASED_NAME = '';

/** What a decision erases, beside the changes that erase the name of a token itself. */
export interface Erasure {
  /** The tokens whose change records lose the name and the patient id. */
  readonly tokenIds: readonly TokenId[];
  /** If given, only the change records that have this patient id lose them. */
  readonly patientId?: PatientId;
  /** The slots in whose tokens no name is left. */
  readonly slotIds?: readonly SlotId[];
  /** Stored responses with the answers that replace theirs. */
  readonly responses?: readonly StoredResponse[];
  /** The instant up to which stored responses have expired: some of them, the oldest first, are deleted. */
  readonly responsesUpTo?: number;
  /** The answer to a request of the program `erase`. */
  readonly answered?: { readonly id: number; readonly answer: string };
}

/** A slot, with its doctor. */
export interface SlotOfDoctor {
  readonly doctorId: DoctorId;
  readonly slotId: SlotId;
}

/** A token in which the database names a patient. */
export interface NamingToken {
  readonly tokenId: TokenId;
  readonly slot: SlotFacts;
  readonly timeZone: string;
  /** Whether the token is the patient's now. Otherwise only change records from before a correction have the id. */
  readonly isCurrent: boolean;
  /** The change records of the token that have the name or the id. */
  readonly records: number;
}

/** What the program `erase` asks of the process that owns a database file. */
export interface ErasureRequest {
  readonly patientId: PatientId;
  readonly tokens: readonly NamingToken[];
}

/** Finds what is to be erased. A decision with an `Erasure` erases it. */
export interface Erasures {
  /**
   * Slots that may have a name left in their tokens, the earliest date first.
   * @param before for each time zone the date before which a slot's date is
   * @param limit how many at most
   */
  slotsToErase(
    before: ReadonlyMap<string, LocalDate>,
    limit: number,
  ): Promise<readonly SlotOfDoctor[]>;
  /** The stored responses with one of these texts in their answers. */
  responsesWith(texts: readonly string[]): Promise<readonly StoredResponse[]>;
  /** Requests of the program `erase` that have no answer, by their ids. */
  requests(): Promise<ReadonlyMap<number, ErasureRequest>>;
  /**
   * Removes what erased rows leave in the files of the database.
   * @returns false when a reader prevents it now
   */
  clean(): Promise<boolean>;
}
