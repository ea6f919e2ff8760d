import type { components } from 'openapi';
import { Observable } from './observable.ts';

/**
 * Where the browser stores the access key. It stays there until the user signs out, because a screen in a waiting room
 * starts again after a power cut without anybody to type the key.
 */
const STORED = 'opd-access-key';

/** The access key that requests are sent with; null for none. All windows share it, except those that were opened with a key. */
export const accessKey = new Observable<string | null>(localStorage.getItem(STORED));

/** Why the user must sign in: the service's refusal of the last request. Null while the service answers. */
export const signInReason = new Observable<components['schemas']['Problem'] | null>(null);

/** The key in the link of a page: `/board#key=opd_...`. Browsers do not send this part of a URL. */
const linkedKey = (): string | null => new URLSearchParams(location.hash.slice(1)).get('key');

/**
 * Uses the key of the page's own link, if it has one. It is not stored, because the windows of a desk in the same browser
 * would use it too, and the link has it when a screen starts again after a power cut.
 */
export function takeLinkedKey(): void {
  const key = linkedKey();
  if (key !== null) accessKey.set(key);
  addEventListener('hashchange', () => location.reload());
}

addEventListener('storage', ({ key, newValue }) => {
  if (key !== STORED || linkedKey() !== null) return;
  accessKey.set(newValue);
  signInReason.set(null);
});

/** Stores the access key. */
export function signIn(key: string): void {
  // The key of the link is not accepted any more.
  history.replaceState(null, '', location.pathname + location.search);
  localStorage.setItem(STORED, key);
  accessKey.set(key);
  signInReason.set(null);
}

/** Removes the access key from this browser. */
export function signOut(): void {
  localStorage.removeItem(STORED);
  accessKey.set(null);
}
