import type { Status } from '../../src/engine/index.ts';
import type { ChangeView } from '../../src/http/resources/index.ts';
import type { Violations } from '../lib/violations.ts';
import type { Priorities } from './clinic.ts';
import type { HospitalRecord } from './hospital-record.ts';
import type { Ledger } from './ledger.ts';
import type { ReferenceModel } from './reference-model.ts';

/** A change record of a token. */
export interface Recorded {
  readonly tokenId: string;
  readonly change: ChangeView;
  /** The place of the record in the token's history, from 0 on. */
  readonly nth: number;
  /** The place of the record in the order of the doctor's change records. */
  readonly version: number;
}

/** The status that each of these records gives a token. */
export const FINAL_STATUS = { cancelled: 'CANCELLED', no_show: 'NO_SHOW' } as const;
/** The statuses before and after each step of a visit. */
export const STEPS = {
  checked_in: { from: ['BOOKED', 'SKIPPED'], to: 'CHECKED_IN' },
  started: { from: ['BOOKED', 'CHECKED_IN', 'SKIPPED'], to: 'IN_CONSULTATION' },
  completed: { from: ['IN_CONSULTATION'], to: 'COMPLETED' },
  skipped: { from: ['CHECKED_IN', 'IN_CONSULTATION'], to: 'SKIPPED' },
} as const satisfies Record<string, { from: readonly Status[]; to: Status }>;

/** The parts that the audits of all doctors share, because patients move between doctors. */
export interface AuditDeps {
  readonly model: ReferenceModel;
  readonly ledger: Ledger;
  readonly hospital: HospitalRecord;
  readonly priorities: Priorities;
  readonly violations: Violations;
}
