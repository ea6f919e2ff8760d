import type { components } from 'openapi';
import { Observable } from './observable.ts';

/**
 * Where the browser stores the access key. It stays there until the user signs out, because a screen in a waiting room
 * starts again after a power cut without anybody to type the key.
 */
const STORED = 'opd-access-key';

/** The access key that requests are sent with; null for none. All windows of the browser share it. */
export const accessKey = new Observable<string | null>(localStorage.getItem(STORED));

/** Why the user must sign in: the service's refusal of the last request. Null while the service answers. */
export const signInReason = new Observable<components['schemas']['Problem'] | null>(null);

addEventListener('storage', ({ key, newValue }) => {
  if (key !== STORED) return;
  accessKey.set(newValue);
  signInReason.set(null);
});

/** Stores the access key. */
export function signIn(key: string): void {
  localStorage.setItem(STORED, key);
  accessKey.set(key);
  signInReason.set(null);
}

/** Removes the access key from this browser. */
export function signOut(): void {
  localStorage.removeItem(STORED);
  accessKey.set(null);
}
