/** Texts that are remembered: the times of a slot and of a decision are formatted many times in a row. A power of two. */
const TEXTS_MAX = 16_384;
const MINUTE_MS = 60_000;
const instants = new Float64Array(TEXTS_MAX).fill(NaN);
const texts = Array.from({ length: TEXTS_MAX }, () => '');

/** An instant as text: RFC 3339, UTC, milliseconds. */
export function instantOf(ms: number): string {
  // Each minute has one place: a map that is emptied when it is full would forget the times of many slots at once.
  const place = Math.floor(ms / MINUTE_MS) & (TEXTS_MAX - 1);
  if (instants[place] === ms) return texts[place] ?? '';
  const text = new Date(ms).toISOString();
  instants[place] = ms;
  texts[place] = text;
  return text;
}
