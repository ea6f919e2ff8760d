import { RawJson } from './raw-json.ts';
import type { FuzzRequest, Pair } from './requests.ts';

/** Requests that are sent at most to find a smaller one. */
const TRIES_MAX = 300;

/**
 * The smallest request that is found to have the same fault, by leaving out or shortening one part after another.
 * @param hasFault sends a request, and says whether its answer has the fault
 */
export async function smallest(
  request: FuzzRequest,
  hasFault: (request: FuzzRequest) => Promise<boolean>,
): Promise<FuzzRequest> {
  let best = request;
  let tries = 0;
  for (let isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (const candidate of smallerRequests(best)) {
      tries += 1;
      if (tries > TRIES_MAX) return best;
      if (!(await hasFault(candidate))) continue;
      best = candidate;
      isSmaller = true;
      break;
    }
  }
  return best;
}

/** Requests that are one step smaller; the greatest steps come first. */
function* smallerRequests(request: FuzzRequest): Generator<FuzzRequest> {
  const { headers, query, body } = request;
  for (const left of without(query)) yield { ...request, query: left };
  for (const left of without(headers)) yield { ...request, headers: left };
  for (const [nth, [name, value]] of query.entries())
    for (const text of shorterTexts(value))
      yield { ...request, query: query.with(nth, [name, text]) };
  if (body !== null && 'json' in body)
    for (const json of smallerValues(body.json)) yield { ...request, body: { json } };
  if (body !== null && 'bytes' in body && body.bytes.length > 1)
    for (const bytes of halves(body.bytes)) yield { ...request, body: { bytes } };
}

const without = (pairs: readonly Pair[]): Pair[][] =>
  pairs.map((left) => pairs.filter((pair) => pair !== left));

const halves = (bytes: Buffer): Buffer[] => {
  const half = Math.ceil(bytes.length / 2);
  return [bytes.subarray(0, half), bytes.subarray(-half)];
};

/** Shorter texts that are not cut inside of a percent-encoding. */
const shorterTexts = (text: string): string[] =>
  text.length <= 1 || text.includes('%') ? [] : [text.slice(0, Math.ceil(text.length / 2))];

function* smallerValues(value: unknown): Generator {
  if (typeof value === 'string') {
    const characters = Array.from(value);
    const half = Math.ceil(characters.length / 2);
    if (characters.length > 1)
      yield* [characters.slice(0, half).join(''), characters.slice(-half).join('')];
    return;
  }
  if (typeof value !== 'object' || value === null || value instanceof RawJson) return;
  const entries = Object.entries(value) as [string, unknown][];
  const make = (members: readonly (readonly [string, unknown])[]): unknown =>
    Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
  if (entries.length > 8) yield make(entries.slice(0, entries.length / 2));
  for (const [left] of entries) yield make(entries.filter(([name]) => name !== left));
  for (const [nth, [name, member]] of entries.entries())
    for (const smaller of smallerValues(member)) yield make(entries.with(nth, [name, smaller]));
}
