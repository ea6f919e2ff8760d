/** Texts that are remembered: the times of a slot and of a decision are formatted many times in a row. */
const TEXTS_MAX = 10_000;
const texts = new Map<number, string>();

/** An instant as text: RFC 3339, UTC, milliseconds. */
export function instantOf(ms: number): string {
  const known = texts.get(ms);
  if (known !== undefined) return known;
  if (texts.size >= TEXTS_MAX) texts.clear();
  const text = new Date(ms).toISOString();
  texts.set(ms, text);
  return text;
}
