/** Texts that are remembered: the times of a slot and of a decision are formatted many times in a row. A power of two. */
const TEXTS_MAX = 16_384;
const MINUTE_MS = 60_000;
const instants = new Float64Array(TEXTS_MAX).fill(NaN);
const texts = Array.from({ length: TEXTS_MAX }, () => '');

const padded = (length: number, digits: number, end: string): string[] =>
  Array.from({ length }, (_, value) => `${String(value).padStart(digits, '0')}${end}`);
/** The end of the text of an instant, behind its minute: `07.` and `042Z`. */
const SECONDS = padded(60, 2, '.');
const MILLISECONDS = padded(1_000, 3, 'Z');
const END_LENGTH = '07.042Z'.length;

/**
 * An instant as text: RFC 3339, UTC, milliseconds.
 * @param ms whole milliseconds since the epoch
 */
export function instantOf(ms: number): string {
  const minute = Math.floor(ms / MINUTE_MS);
  // Each minute has one place: a map that is emptied when it is full would forget the times of many slots at once.
  const place = minute & (TEXTS_MAX - 1);
  const known = instants[place] ?? NaN;
  if (known === ms) return texts[place] ?? '';
  // Many tokens are booked in one minute, and `toISOString` costs more than all other fields of a token.
  const isSameMinute = Math.floor(known / MINUTE_MS) === minute;
  const text = isSameMinute
    ? `${texts[place]?.slice(0, -END_LENGTH)}${endOf(ms - minute * MINUTE_MS)}`
    : new Date(ms).toISOString();
  instants[place] = ms;
  texts[place] = text;
  return text;
}

/** @param ms since the minute began */
function endOf(ms: number): string {
  const second = Math.floor(ms / 1_000);
  return `${SECONDS[second]}${MILLISECONDS[ms - second * 1_000]}`;
}
