import type { Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/http/resources/index.ts';
import type { Violations } from '../lib/violations.ts';
import type { Priorities } from './clinic.ts';
import type { Ledger } from './ledger.ts';
import type { ReferenceModel, ReferenceSlot, ReferenceToken } from './reference-model.ts';

/** A change record of a token. */
export interface Recorded {
  readonly tokenId: string;
  readonly change: ChangeView;
  /** The place of the record in the token's history, from 0 on. */
  readonly nth: number;
  /** The place of the record in the order of the doctor's change records. */
  readonly version: number;
}

/** The command whose change records are being applied. */
export interface RunningCommand {
  /** The id of its first change record. */
  readonly at: string;
  readonly slot: ReferenceSlot;
  /** The token of the command; null if the command changes a slot. */
  readonly token: string | null;
  readonly bumped: ReferenceToken[];
  readonly promoted: ReferenceToken[];
  /** Whether the command has changed the slot itself. */
  isSet: boolean;
  /** Checks the answer to the command after its last record. */
  end: () => void;
}

/** The status that each of these records gives a token. */
export const FINAL_STATUS = { cancelled: 'CANCELLED', no_show: 'NO_SHOW' } as const;
/** The statuses before and after each step of a visit. */
export const STEPS = {
  checked_in: { from: ['BOOKED'], to: 'CHECKED_IN' },
  started: { from: ['BOOKED', 'CHECKED_IN'], to: 'IN_CONSULTATION' },
  completed: { from: ['IN_CONSULTATION'], to: 'COMPLETED' },
} as const satisfies Record<string, { from: readonly Status[]; to: Status }>;

/** The parts that the audits of all doctors share, because patients move between doctors. */
export interface AuditDeps {
  readonly model: ReferenceModel;
  readonly ledger: Ledger;
  readonly priorities: Priorities;
  readonly violations: Violations;
}
