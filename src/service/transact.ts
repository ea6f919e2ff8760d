import type { Scope, Decision, Store } from '../store/index.ts';
import { publish, type DecidedChange } from '../telemetry/index.ts';

/** A decision, with the classes of the tokens that it has changed, as `Accepted` in the engine has them. */
export interface ClassifiedDecision<T> extends Decision<T> {
  readonly patientTypes: readonly (string | null)[];
}

/** Runs a command in the store, see `Store.transact`. Publishes the changes of the command when they are durable. */
export async function transact<T>(
  store: Store,
  scope: Scope,
  decide: () => ClassifiedDecision<T>,
): Promise<T> {
  // An attempt that was rolled back is decided again, so only the last decision counts.
  let latest: ClassifiedDecision<T> | undefined;
  let decidedMs = 0;
  const answer = await store.transact(scope, () => {
    latest = decide();
    decidedMs = performance.now();
    return latest;
  });
  publish('opd:decision', () => ({
    changes: latest === undefined ? [] : changesOf(latest),
    waitMs: performance.now() - decidedMs,
  }));
  return answer;
}

const changesOf = ({ changes, patientTypes }: ClassifiedDecision<unknown>): DecidedChange[] =>
  changes.map(({ kind }, place) => ({ kind, patientType: patientTypes[place] ?? null }));
