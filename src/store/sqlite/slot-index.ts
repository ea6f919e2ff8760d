import {
  invariant,
  isTokenChange,
  type AllocationEngine,
  type SlotId,
} from '../../engine/index.ts';
import type { Decision } from '../store.ts';
import type { BatchBuilder } from './batch.ts';

/** Positions by which the start of the unindexed tokens moves on with a slot, and for each of its tokens. */
const POSITIONS_PER_SLOT = 1_000;
const POSITIONS_PER_TOKEN = 8;

/**
 * Which slots are *indexed*: all tokens of such a slot have their place in the index of tokens by slot. A slot that leaves
 * memory is indexed before, in one go. A slot in memory has its tokens there, so no booking writes the index.
 *
 * A slot that comes back to memory stays indexed until one of its tokens changes. Then it is loaded at every start, until
 * it leaves memory again.
 */
export class SlotIndex {
  readonly #engine: AllocationEngine;
  /** The slots in memory that are indexed. */
  readonly #indexed = new Set<SlotId>();

  constructor(engine: AllocationEngine) {
    this.#engine = engine;
  }

  /** Notes that an indexed slot is read into memory. */
  noteIndexed(id: SlotId): void {
    this.#indexed.add(id);
  }

  /** Writes which slots these commands index and which not any more. The engine is as the batch leaves it. */
  addTo(batch: BatchBuilder, decisions: readonly Decision<unknown>[]): void {
    if (this.#indexed.size > 0)
      for (const { changes } of decisions)
        for (const change of changes)
          if (isTokenChange(change) && this.#indexed.delete(change.slotId))
            batch.add('unindexSlot', [change.slotId]);
    const past = decisions.flatMap((decision) => decision.past ?? []);
    if (past.length === 0) return;
    for (const id of this.#indexed)
      if (this.#engine.slot(id) === undefined) this.#indexed.delete(id);
    for (const id of past) this.#index(batch, id);
  }

  #index(batch: BatchBuilder, id: SlotId): void {
    const slot = this.#engine.slot(id);
    invariant(slot !== undefined, 'a slot is in memory until it is indexed');
    const ids = [...slot.tokens(), ...slot.over()].map((token) => token.id).sort();
    const positions = POSITIONS_PER_SLOT + POSITIONS_PER_TOKEN * ids.length;
    batch.add('indexTokens', [JSON.stringify(ids)]);
    batch.add('indexSlot', [id]);
    batch.add('indexOldTokens', [positions]);
    batch.add('advanceUnindexed', [positions, positions]);
    this.#indexed.add(id);
  }
}
