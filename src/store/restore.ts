import {
  AllocationEngine,
  invariant,
  type DoctorFacts,
  type EpochMs,
  type LocalDate,
  type Slot,
  type SlotId,
} from '../engine/index.ts';
import type { Horizon, StoredSlot } from './store.ts';

/**
 * Slots that ended longer ago are past, whatever the delay (a day at most), the grace (another) and the hours after it:
 * when doctors are brought into the engine they are not looked at.
 */
const LOOK_BACK_MS = 72 * 3_600_000;

/** How far back slots are looked at by their end, and the numbers of days by their date. */
export const lookBackFrom = (now: EpochMs): { instant: number; date: LocalDate } => ({
  instant: now - LOOK_BACK_MS,
  // Twice as far: the day is the one on which a slot begins, at its own place.
  date: new Date(now - 2 * LOOK_BACK_MS).toISOString().slice(0, 10) as LocalDate,
});

/** Brings those of the slots of a doctor in the engine there that are not past, or in which somebody still waits. */
export function restoreLive(
  engine: AllocationEngine,
  slots: Iterable<StoredSlot>,
  isPast: Horizon['isPast'],
): void {
  for (const slot of slots) {
    const isWaitedFor = slot.tokens.some(({ status }) => status === 'WAITING');
    if (isWaitedFor || !isPast(slot.facts)) restoreSlot(engine, slot);
  }
}

/** Brings a kept slot of a doctor in the engine into the engine. */
export function restoreSlot(engine: AllocationEngine, stored: StoredSlot): void {
  const { facts, tokens, lastNumber } = stored;
  engine.restoreSlot(
    facts,
    tokens.map(({ id, status, doctorId, ...token }) => ({ ...token, tokenId: id, to: status })),
    lastNumber,
  );
}

/** All doctors in the engine, in the order of their ids. */
export const doctorsById = ({ doctors }: AllocationEngine): DoctorFacts[] =>
  Array.from(doctors, ({ facts }) => facts).sort((a, b) => (a.id < b.id ? -1 : 1));

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
