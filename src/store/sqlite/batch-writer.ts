import type { AllocationEngine } from '../../engine/index.ts';
import type { CommitHints } from '../commit-hints.ts';
import { countersOf } from '../counters.ts';
import type { Decision } from '../store.ts';
import { counterOperations, operationsOf } from './operations.ts';
import type { Operation } from './statements.ts';
import type { WriterClient } from './writer-client.ts';

/** Makes the batches of `GroupCommit` durable: one transaction of the writer thread each. */
export class BatchWriter {
  readonly #engine: AllocationEngine;
  readonly #client: WriterClient;
  readonly #hints: CommitHints;
  /** The operations of a batch that could not be written yet and is tried again. */
  #unwritten: readonly Operation[] | null = null;

  constructor(engine: AllocationEngine, client: WriterClient, hints: CommitHints) {
    this.#engine = engine;
    this.#client = client;
    this.#hints = hints;
  }

  /**
   * Resolves when the batch is durable.
   * @throws TransientWriteError nothing was written, and the same batch may be written later
   */
  readonly write = async (decisions: readonly Decision<unknown>[]): Promise<void> => {
    // Everything decided so far is in this batch or an earlier one: the engine is as this batch leaves it.
    this.#unwritten ??= [
      ...decisions.flatMap(operationsOf),
      ...countersOf(this.#engine, decisions).flatMap(counterOperations),
    ];
    await this.#client.write(this.#unwritten);
    this.#unwritten = null;
    this.#hints.publish();
  };
}
