import type { EpochMs } from '../engine/index.ts';
import type { AdminChange } from '../store/index.ts';
import { createTokenIds } from './ids.ts';

/** Returns a function that gives a change of a key or a webhook its id and the instant of now, for the record. */
export function createAdminRecorder(
  clock: () => EpochMs,
): (change: Omit<AdminChange, 'id' | 'at'>) => AdminChange {
  const newId = createTokenIds();
  return (change) => {
    const at = clock();
    return { id: newId(at), at, ...change };
  };
}
