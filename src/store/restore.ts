import {
  AllocationEngine,
  invariant,
  type DoctorFacts,
  type Slot,
  type SlotId,
} from '../engine/index.ts';
import type { StoredSlot } from './store.ts';

/** Brings a kept slot of a doctor in the engine into the engine. */
export function restoreSlot(engine: AllocationEngine, stored: StoredSlot): void {
  const { facts, tokens, lastNumber } = stored;
  engine.restoreSlot(
    facts,
    tokens.map(({ id, status, doctorId, ...token }) => ({ ...token, tokenId: id, to: status })),
    lastNumber,
  );
}

/** Brings those of the slots that are not in the engine there, as far as they are kept and their doctors known. */
export function loadSlots(
  engine: AllocationEngine,
  ids: readonly SlotId[] | undefined,
  read: (id: SlotId) => StoredSlot | undefined,
): void {
  for (const id of ids ?? []) {
    const stored = engine.slot(id) === undefined ? read(id) : undefined;
    if (stored !== undefined && engine.doctor(stored.facts.doctorId) !== undefined)
      restoreSlot(engine, stored);
  }
}

/** A kept slot as the engine would show it, without bringing it there: for reading what is over. */
export function detachedSlot(
  { rules }: AllocationEngine,
  facts: DoctorFacts,
  stored: StoredSlot,
): Slot {
  const engine = new AllocationEngine(rules);
  engine.restoreDoctor({ facts, version: 0, lastArrival: 0, lastNumbers: [] });
  restoreSlot(engine, stored);
  const slot = engine.slot(stored.facts.id);
  invariant(slot !== undefined, 'a restored slot is in the index');
  return slot;
}
