import type { AllocationEngine, TokenSnapshot } from '../engine/index.ts';
import type { StoredSlot } from './store.ts';

/** The live tokens of a kept slot, as the engine takes them. */
export const snapshotsOf = ({ tokens }: StoredSlot): TokenSnapshot[] =>
  tokens.map(({ id, bookedAt, status, doctorId, ...facts }) => ({
    ...facts,
    tokenId: id,
    at: bookedAt,
    to: status,
  }));

/** Brings a kept slot into the engine unless it is there, or its doctor is not. */
export function loadSlot(engine: AllocationEngine, stored: StoredSlot | undefined): void {
  if (stored === undefined || engine.slot(stored.facts.id) !== undefined) return;
  if (engine.doctor(stored.facts.doctorId) === undefined) return;
  engine.restoreSlot(stored.facts, snapshotsOf(stored));
}
