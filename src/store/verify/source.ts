import type {
  Change,
  DoctorFacts,
  DoctorId,
  LocalDate,
  SlotFacts,
  SlotId,
  TokenId,
} from '../../engine/index.ts';
import type { TokenChange } from '../fold.ts';
import type { StoredToken } from '../store.ts';

/** A doctor's rows as the tables have them, apart from the tokens. */
export interface KeptDoctor {
  readonly facts: DoctorFacts;
  readonly version: number;
  readonly lastArrival: number;
  readonly lastNumbers: readonly (readonly [LocalDate, number])[];
  readonly slots: readonly SlotFacts[];
}

/** What is verified: one consistent view of a store, stopped or live. */
export interface VerifySource {
  doctorIds(): readonly DoctorId[];
  /** All change records: doctor after doctor, each doctor's in the order of their versions. */
  changes(): Iterable<Change>;
  doctor(id: DoctorId): KeptDoctor | undefined;
  token(id: TokenId): StoredToken | undefined;
  /** A token's change records in the order in which they were written, of whichever doctors. */
  changesOf(id: TokenId): readonly TokenChange[];
  /** The local calendar day of a slot. */
  dateOf(id: SlotId): LocalDate | undefined;
  /** Tokens that no change record speaks of. */
  strayTokens(): Iterable<TokenId>;
}
