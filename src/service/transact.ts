import { isTokenChange, type AllocationEngine, type Change } from '../engine/index.ts';
import type { Decision, Scope, Store } from '../store/index.ts';
import { isWatched, publish, type DecidedChange } from '../telemetry/index.ts';

/** Runs a command in the store, see `Store.transact`. Publishes the changes of the command when they are durable. */
export function transact<T>(
  engine: AllocationEngine,
  store: Pick<Store, 'transact'>,
  scope: Scope,
  decide: () => Decision<T>,
): Promise<T> {
  if (!isWatched('opd:decision')) return store.transact(scope, decide);
  // An attempt that was rolled back is decided again, so only the last decision counts.
  let changes: DecidedChange[] = [];
  let decidedMs = 0;
  const answered = store.transact(scope, () => {
    const decision = decide();
    // A later command may give a token another class, so the class is read now.
    changes = decision.changes.map((change) => decidedChangeOf(engine, change));
    decidedMs = performance.now();
    return decision;
  });
  return answered.then((answer) => {
    publish('opd:decision', () => ({ changes, waitMs: performance.now() - decidedMs }));
    return answer;
  });
}

/** A change with the class of its token. A token that is over is still in memory, with its slot. */
function decidedChangeOf(engine: AllocationEngine, change: Change): DecidedChange {
  const token = isTokenChange(change) ? engine.anyToken(change.tokenId) : undefined;
  return { kind: change.kind, patientType: token?.patientClass.type ?? null };
}
