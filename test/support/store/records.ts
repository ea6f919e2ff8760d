import {
  epochMs,
  NO_DESK_FACTS,
  tokenId,
  type Change,
  type LiveStatus,
  type SlotFacts,
} from '../../../src/engine/index.ts';
import { clock, NOW, RAO, slotFacts } from '../engine/clinic.ts';

// Change records of the slot `nine`. The test makes them, and not an engine, so that impossible histories exist too.

/** The common fields of Dr Rao's changes, some minutes after nine. `record` sets the versions. */
const envelope = (minute: number) => ({
  doctorId: RAO,
  version: 0,
  at: epochMs(clock(9) + minute * 60_000),
});

/** Gives the changes consecutive versions. */
export const record = (...changes: readonly Change[]): Change[] =>
  changes.map((change, index) => ({ ...change, version: index + 1 }));

export const set = (facts: Partial<SlotFacts> = {}, minute = 0): Change => ({
  ...envelope(minute),
  kind: 'slot_set',
  slot: slotFacts(facts),
});

export const entered = (
  name: string,
  to: LiveStatus,
  minute: number,
  kind: 'booked' | 'moved_in' = 'booked',
  patientType = 'WALK_IN',
): Change => ({
  ...envelope(minute),
  kind,
  ...idsOf(name),
  patientName: name,
  patientId: null,
  patientType,
  priority: 20,
  arrival: 1,
  number: 1,
  bookedAt: NOW,
  to,
  hasCheckedIn: false,
});

export const movedOut = (name: string, from: LiveStatus, minute: number): Change => ({
  ...envelope(minute),
  kind: 'moved_out',
  ...idsOf(name),
  from,
});

export const bumped = (name: string, minute: number): Change => ({
  ...envelope(minute),
  kind: 'bumped',
  ...idsOf(name),
  from: 'BOOKED',
  to: 'WAITING',
  cause: null,
  ...NO_DESK_FACTS,
});

export const promoted = (name: string, minute: number): Change => ({
  ...envelope(minute),
  kind: 'promoted',
  ...idsOf(name),
  from: 'WAITING',
  to: 'BOOKED',
  cause: null,
  ...NO_DESK_FACTS,
});

export const cancelled = (name: string, from: LiveStatus, minute: number): Change => ({
  ...envelope(minute),
  kind: 'cancelled',
  ...idsOf(name),
  from,
  to: 'CANCELLED',
  cause: null,
  ...NO_DESK_FACTS,
});

const idsOf = (name: string) => ({ tokenId: tokenId(name), slotId: slotFacts().id });
