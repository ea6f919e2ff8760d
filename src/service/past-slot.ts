import type { DoctorFacts, Slot, SlotFacts } from '../engine/index.ts';
import { detachedSlot } from '../store/index.ts';
import { inTurns } from './large-reads.ts';
import type { ReadDeps } from './read-model.ts';

/**
 * Reads a slot that has been evicted from memory, in slices. It is a part of a large read.
 * @throws RequestEndedError when the request has ended
 */
export const pastSlot = (
  { engine, archive }: ReadDeps,
  doctor: DoctorFacts,
  facts: SlotFacts,
  ended: AbortSignal,
): Promise<Slot> => detachedSlot(engine, doctor, facts, inTurns(archive.liveTokens(facts), ended));

/** How many live tokens some slots have. */
export const liveTokensIn = (slots: readonly Slot[]): number =>
  slots.reduce((sum, { seated, waiting }) => sum + seated + waiting, 0);
