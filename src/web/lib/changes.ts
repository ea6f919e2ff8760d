/** Milliseconds between two looks at the service. */
const LOOK_MS = 1_000;

/** What a page shows: `queue` and `schedule` change with every command of the day. */
export type Topic = 'queue' | 'schedule' | 'announcement';

/**
 * Calls back whenever something of the topic may have changed, so that the subscriber reads it again.
 * This file alone knows how a page is told of changes: it looks once a second.
 * @returns ends the subscription
 */
export function subscribe(_topic: Topic, onChange: () => void): () => void {
  const timer = setInterval(onChange, LOOK_MS);
  return () => clearInterval(timer);
}
