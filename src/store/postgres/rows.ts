import type { DoctorFacts, DoctorSnapshot } from '../../engine/index.ts';
import type { FoundToken, StoredSlot } from '../archive.ts';
import {
  doctorOf,
  snapshotOf,
  slotOf,
  storedSlotOf,
  tokenOf,
  type DayRow,
  type DoctorRow,
  type LeaveRow,
  type SessionRow,
  type SlotOfDayRow,
  type SlotRow,
  type TokenRow,
} from '../rows.ts';
import type { Row } from './session.ts';

// The rows of the statements that read several tables at once. The rows of all but the first table come as JSON.

interface SlotJson extends SlotOfDayRow {
  readonly tokens: readonly TokenRow[];
}

interface WholeDoctorRow extends DoctorRow {
  readonly sessions: readonly SessionRow[];
  readonly leaves: readonly LeaveRow[];
  readonly days: readonly DayRow[];
  readonly slots: readonly SlotJson[];
}

/** A doctor with what can still change, as of one instant. */
export interface WholeDoctor {
  readonly snapshot: DoctorSnapshot;
  readonly slots: readonly StoredSlot[];
}

const storedSlot = ({ tokens, ...row }: SlotJson): StoredSlot => storedSlotOf(row, tokens);

/** A row of a statement that gives a slot as JSON. */
export const slotOfRow = (row: Row): StoredSlot => storedSlot(row['slot'] as SlotJson);

/** A row of a statement that gives a token and its slot as JSON. */
export const foundOfRow = (row: Row): FoundToken => ({
  token: tokenOf(row['token'] as TokenRow),
  slot: slotOf(row['slot'] as SlotRow),
});

/** A row of `allDoctors` or `doctor`. */
export function factsOfRow(row: Row): DoctorFacts {
  const { sessions, leaves, ...doctor } = row as unknown as Omit<WholeDoctorRow, 'days' | 'slots'>;
  return doctorOf({ doctor, sessions, leaves });
}

/** A row with a doctor, its sessions, its leaves and its days. */
export function snapshotOfRow(row: Row): DoctorSnapshot {
  const { sessions, leaves, days, ...doctor } = row as unknown as WholeDoctorRow;
  return snapshotOf({ doctor, sessions, leaves }, days);
}

/** A row of `doctors`. */
export function doctorOfRow(row: Row): WholeDoctor {
  const { slots } = row as unknown as WholeDoctorRow;
  return { snapshot: snapshotOfRow(row), slots: slots.map(storedSlot) };
}
