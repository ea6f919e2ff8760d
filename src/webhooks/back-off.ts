const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Milliseconds after each failed try until the next one: about three days in all. */
export const PAUSES_MS: readonly number[] = [
  ...[5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS],
  ...[HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS],
  ...[14 * HOUR_MS, 14 * HOUR_MS, 14 * HOUR_MS, 14 * HOUR_MS],
];
/** The part by which a pause is shorter or longer at random, so that many tries do not come at the same time. */
const JITTER = 0.2;
/** The longest `Retry-After` that is honoured. A server that asks for more is asked again after this time. */
export const RETRY_AFTER_MAX_MS = 24 * HOUR_MS;

/**
 * Milliseconds until the next try.
 * @param tries tries of the event that have failed, 1 or more
 * @param retryAfterMs what the server has asked for; null if it has not
 * @param random between 0 and 1
 * @param pausesMs the pauses after the first try, the second and so on
 * @returns null when that was the last try
 */
export function pauseAfter(
  tries: number,
  retryAfterMs: number | null,
  random: number,
  pausesMs: readonly number[] = PAUSES_MS,
): number | null {
  const pauseMs = pausesMs[tries - 1];
  if (pauseMs === undefined) return null;
  const jittered = pauseMs * (1 - JITTER + 2 * JITTER * random);
  return Math.round(Math.max(jittered, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS)));
}

/** Milliseconds that a header `Retry-After` asks for; null when there is none, or it is neither seconds nor a date. */
export function retryAfterMsOf(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * SECOND_MS;
  // The dates of HTTP begin with the day of the week. `Date.parse` alone would read many other texts as dates.
  const at = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? null : Math.max(at - nowMs, 0);
}
