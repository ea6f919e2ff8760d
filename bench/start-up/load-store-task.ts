import { AllocationEngine, DEFAULT_CLASSES, epochMs } from '../../src/engine/index.ts';
import { load } from '../../src/service/load.ts';
import { openDatabase } from '../../src/store/index.ts';
import { serveTask } from '../lib/child.ts';

export interface LoadedStore {
  /** Milliseconds to open the database and to load it. */
  readonly ms: number;
  /** Live tokens in the engine after the load. */
  readonly live: number;
}

/** Opens a database in a new process and loads the slots that can still change. */
export async function loadStore(path: string): Promise<LoadedStore> {
  const engine = new AllocationEngine({
    classes: DEFAULT_CLASSES,
    graceMinutes: 30,
    waitlistMax: 1_000,
  });
  const start = performance.now();
  const { store } = openDatabase(`sqlite:${path}`, engine);
  await load(store, () => epochMs(Date.now()));
  const ms = performance.now() - start;
  const slots = [...engine.doctors].flatMap((doctor) => doctor.slots);
  await store.close();
  return { ms, live: slots.reduce((sum, { seated, waiting }) => sum + seated + waiting, 0) };
}

if (process.send !== undefined && import.meta.main) serveTask(loadStore);
