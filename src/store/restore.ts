import {
  AllocationEngine,
  invariant,
  type DoctorFacts,
  type EpochMs,
  type LocalDate,
  type Slot,
  type SlotFacts,
  type SlotId,
} from '../engine/index.ts';
import type { Pages, StoredLiveToken, StoredSlot } from './archive.ts';
import type { Horizon } from './store.ts';

/**
 * Milliseconds. A slot whose planned end is longer ago is past, because its delay and its grace are at most a day each.
 * Such a slot is not loaded with its doctor.
 */
const LOAD_BACK_MS = 72 * 3_600_000;

/** The earliest end of the slots to load, and the earliest date of the days whose numbers to load. */
export const loadBounds = (now: EpochMs): { instant: number; date: LocalDate } => ({
  instant: now - LOAD_BACK_MS,
  // Twice as far, because the date is the one on which a slot begins, in the doctor's time zone.
  date: new Date(now - 2 * LOAD_BACK_MS).toISOString().slice(0, 10) as LocalDate,
});

/** Restores the slots that are not past, and those with a waiting token. The engine has their doctors already. */
export function restoreCurrentSlots(
  engine: AllocationEngine,
  slots: Iterable<StoredSlot>,
  isPast: Horizon['isPast'],
): void {
  for (const slot of slots) {
    const hasWaiting = slot.tokens.some(({ status }) => status === 'WAITING');
    if (hasWaiting || !isPast(slot.facts)) restoreSlot(engine, slot);
  }
}

/** Restores a stored slot into the engine, which has its doctor already. */
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

/** Restores slots that are not in the engine. A slot that is not stored, or whose doctor the engine does not have, is skipped. */
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

/**
 * Restores a stored slot into an engine of its own, to read a slot that is over.
 * @param pages the live tokens of the slot
 */
export async function detachedSlot(
  { rules }: AllocationEngine,
  doctor: DoctorFacts,
  facts: SlotFacts,
  pages: Pages<StoredLiveToken>,
): Promise<Slot> {
  const engine = new AllocationEngine(rules);
  engine.restoreDoctor({ facts: doctor, version: 0, lastArrival: 0, lastNumbers: [] });
  restoreSlot(engine, { facts, tokens: [], lastNumber: 0 });
  for await (const tokens of pages) restoreSlot(engine, { facts, tokens, lastNumber: 0 });
  const slot = engine.slot(facts.id);
  invariant(slot !== undefined, 'a restored slot is in the index');
  return slot;
}
