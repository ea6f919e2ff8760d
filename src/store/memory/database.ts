import type { AllocationEngine } from '../../engine/index.ts';
import type { Database } from '../database.ts';
import { GroupCommit } from '../group-commit.ts';
import { RecentChanges, RECENT_MAX } from '../recent-changes.ts';
import { soleOwnerDatabase } from '../sole-owner.ts';
import type { Decision } from '../store.ts';
import { MemoryTables } from './memory-tables.ts';

/**
 * A database in memory, of which a restart leaves nothing: for trying things out, and as a measure for the durable ones.
 * @param sync makes a batch durable before it can be read; by default at once, because memory has no disk to wait for
 * @param recentMax see `RECENT_MAX`
 */
export function openMemoryDatabase(
  engine: AllocationEngine,
  sync: (() => Promise<void>) | null = null,
  recentMax = RECENT_MAX,
): Database {
  const rows = new MemoryTables();
  const recent = new RecentChanges(0, recentMax);
  const write = async (decisions: readonly Decision<unknown>[]): Promise<void> => {
    if (sync !== null) await sync();
    rows.write(decisions);
    recent.committed(decisions);
  };
  return soleOwnerDatabase({
    isDurable: false,
    engine,
    rows,
    // There is nothing to write; what remains is that answers are released together.
    commits: new GroupCommit(write),
    recent,
    load: () => undefined,
    clean: () => Promise.resolve(true),
    close: () => Promise.resolve(),
  });
}
