import { invariant } from '../../src/engine/index.ts';

/**
 * Returns the value that the program itself has put there before.
 * @throws Error when it is undefined or null, because the program is wrong then
 */
export function required<T>(value: T | undefined | null): T {
  invariant(value !== undefined && value !== null, 'a bench finds every value that it has stored');
  return value;
}
