import type { DoctorId } from '../../engine/index.ts';
import { NotDurableError } from '../store.ts';
import { classifyFailure, StaleDoctorError } from './errors.ts';
import type { Health } from './health.ts';
import type { Loader } from './loader.ts';
import { partition } from './partition.ts';
import type { PendingRead } from './pending-reads.ts';
import type { Pool } from './pool.ts';
import { arrayOf } from './statements.ts';

export interface ReadExecutorDeps {
  readonly loader: Pick<Loader, 'isLoaded' | 'load'>;
  readonly pool: Pick<Pool, 'query'>;
  readonly health: Pick<Health, 'isOver' | 'pause' | 'watch'>;
}

/**
 * Serves pending reads of doctors who are free. The dispatcher calls `execute` and keeps the doctors busy meanwhile, so
 * no transaction can put changes into the engine that are not durable.
 *
 * One statement reads the stored versions of all doctors, and the loader reloads the doctors whose version in the engine
 * differs. Then `onCurrent` runs all reads at once, and each sees every commit that came before it. If that fails, reads whose
 * deadline is over are rejected with NotDurableError, and the others are returned to wait for the next try. A fatal
 * error rejects all of them and is thrown, because the store has failed.
 */
export class ReadExecutor {
  readonly #deps: ReadExecutorDeps;

  constructor(deps: ReadExecutorDeps) {
    this.#deps = deps;
  }

  /**
   * Makes the doctors of these reads current in the engine.
   * @param onCurrent called in the same step as the last check, because a doctor may be evicted in the next one
   * @returns the reads that must be tried again; none when `onCurrent` was called
   * @throws Error any fatal error
   */
  async execute(
    reads: readonly PendingRead[],
    onCurrent: () => void,
  ): Promise<readonly PendingRead[]> {
    try {
      const { pool, loader } = this.#deps;
      const ids = new Set(reads.map(({ doctorId }) => doctorId));
      const rows = await pool.query('versions', arrayOf(ids));
      await loader.load(ids, rows, pool.query);
      if (rows.some(({ id }) => !loader.isLoaded(id as DoctorId)))
        throw new StaleDoctorError('A doctor was evicted while other doctors were loaded.');
      onCurrent();
      return [];
    } catch (error) {
      return this.#recover(reads, error);
    }
  }

  async #recover(reads: readonly PendingRead[], error: unknown): Promise<readonly PendingRead[]> {
    const { health } = this.#deps;
    const failure = classifyFailure(error);
    if (failure === 'connectionLost') health.watch();
    if (failure !== 'fatal') await health.pause();
    const [refused, retried] = partition(
      reads,
      ({ deadlineMs }) => failure === 'fatal' || health.isOver(deadlineMs),
    );
    const cause = new NotDurableError('The database cannot be read right now.', { cause: error });
    for (const { reject } of refused) reject(cause);
    if (failure === 'fatal') throw error;
    return retried;
  }
}
