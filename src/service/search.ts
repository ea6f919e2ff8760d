import {
  isLive,
  localDate,
  STATUSES,
  type AllocationEngine,
  type DoctorId,
  type EpochMs,
  type PatientId,
  type Status,
} from '../engine/index.ts';
import {
  FIRST_PLACE,
  foundOf,
  isBehind,
  placeOf,
  type Archive,
  type FoundToken,
  type Store,
  type StoredToken,
  type TokenFilter,
  type TokenPlace,
} from '../store/index.ts';
import { daysBetween } from './calendar.ts';
import type { Query } from './caller.ts';
import { dateFaultsOf } from './doctor-input.ts';
import type { Fault } from './fault-words.ts';
import { searchedForm } from './name-part.ts';
import { refused, type Result } from './refusal.ts';
import type { TokenProjection, TokenQuery } from './read-model.ts';
import { momentAt } from './runner.ts';

/** What a search asks for. The tokens that it finds have all of what is given. */
export interface SearchQuery extends Query {
  readonly patientId: PatientId | null;
  readonly doctorId: DoctorId | null;
  /** The date of the slot, `YYYY-MM-DD`; or `from` and `to`. */
  readonly date?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly number: number | null;
  /** None means any. */
  readonly statuses: readonly Status[];
  /** A part of the patient's name. */
  readonly name?: string | undefined;
  /** How many tokens the answer has at most, 1 or more. */
  readonly limit: number;
  /** The cursor of the answer before. */
  readonly cursor?: string | undefined;
}

/** Some tokens of a search, and the cursor behind the last of them; null when there are no more. */
export interface SearchPage<View> {
  readonly tokens: readonly View[];
  readonly nextCursor: string | null;
}

/** Rows that one statement reads. */
const ROWS_PER_STATEMENT = 200;
/** Rows that one answer may cost: an answer with fewer tokens than its limit still has a cursor. */
const ROWS_PER_ANSWER_MAX = 2_000;
/** The first and the last date that a slot can have. */
const ALL_DAYS = ['0000-01-01', '9999-12-31'] as const;

interface SearchDeps {
  readonly engine: AllocationEngine;
  readonly store: Store;
  readonly archive: Archive;
  readonly clock: () => EpochMs;
  /** Reads one token, of any age and status. */
  readonly read: <View>(
    query: TokenQuery,
    projection: TokenProjection<View>,
  ) => Promise<Result<View>>;
}

/** Finds tokens of any age and status: the latest date first. */
export class Search {
  readonly #deps: SearchDeps;

  constructor(deps: SearchDeps) {
    this.#deps = deps;
  }

  /**
   * The tokens that have all of what is asked for. An answer tests the names of a bounded number of rows, and a cursor
   * goes on.
   * @throws RequestEndedError when the client has gone before the search has ended
   */
  async tokens<View>(
    query: SearchQuery,
    projection: TokenProjection<View>,
  ): Promise<Result<SearchPage<View>>> {
    const errors = faultsOf(query);
    const after = query.cursor === undefined ? FIRST_PLACE : placeOfCursor(query.cursor);
    if (after === undefined) errors.push({ pointer: '/cursor', detail: CURSOR_WORDS });
    if (errors.length > 0 || after === undefined)
      return refused({ code: 'invalid_request', errors });
    const { found, last } =
      query.patientId === null
        ? await this.#inDays(query, after)
        : await this.#ofPatient(query.patientId, query, after);
    const tokens = await this.#projected(query, found, projection);
    return { ok: true, value: { tokens, nextCursor: last && cursorOf(last) } };
  }

  async #inDays(query: SearchQuery, after: TokenPlace): Promise<Found> {
    const filter = filterOf(query);
    const hasName = nameTest(query.name);
    const found: FoundToken[] = [];
    let last = after;
    for (let rows = 0; rows < ROWS_PER_ANSWER_MAX; rows += ROWS_PER_STATEMENT) {
      const batch = await this.#deps.archive.tokens(filter, last, ROWS_PER_STATEMENT);
      for (const each of batch) {
        last = placeOf(each);
        if (hasName(each.token)) found.push(each);
        if (found.length === query.limit) return { found, last };
      }
      if (batch.length < ROWS_PER_STATEMENT) return { found, last: null };
      query.ended().throwIfAborted();
    }
    return { found, last };
  }

  /** A patient has few tokens: all of them are read, from memory and from the store. */
  async #ofPatient(id: PatientId, query: SearchQuery, after: TokenPlace): Promise<Found> {
    const { engine, archive } = this.#deps;
    const current = engine.patients.tokensOf(id).map(foundOf);
    const stored = await archive.tokensOfPatient(id);
    const all = new Map([...stored, ...current].map((each) => [each.token.id, each]));
    const filter = filterOf(query);
    const hasName = nameTest(query.name);
    const found = [...all.values()]
      .filter((each) => isWanted(each, filter) && hasName(each.token))
      .filter((each) => isBehind(placeOf(each), after))
      .sort((a, b) => (isBehind(placeOf(a), placeOf(b)) ? 1 : -1));
    const page = found.slice(0, query.limit);
    const lastOfPage = page.at(-1);
    const hasMore = found.length > page.length && lastOfPage !== undefined;
    return { found: page, last: hasMore ? placeOf(lastOfPage) : null };
  }

  /** Projects the tokens as they are now. Each doctor is read once. */
  async #projected<View>(
    { identity, ended }: Query,
    found: readonly FoundToken[],
    projection: TokenProjection<View>,
  ): Promise<View[]> {
    const { engine, store, clock, read } = this.#deps;
    const views = new Map<string, View>();
    for (const [doctorId, ofDoctor] of Map.groupBy(found, ({ slot }) => slot.doctorId)) {
      await store.read(doctorId, () => {
        for (const { token } of ofDoctor) {
          const live = engine.token(token.id);
          if (live !== undefined && live.slot.facts.doctorId === doctorId)
            views.set(token.id, projection.live(live, momentAt(engine, clock())));
        }
      });
      for (const { token, slot } of ofDoctor) {
        if (views.has(token.id)) continue;
        if (!isLive(token.status)) {
          views.set(token.id, projection.over(token, slot));
          continue;
        }
        // The token has changed since it was found, or its slot is past.
        const result = await read({ identity, ended, tokenId: token.id }, projection);
        if (result.ok) views.set(token.id, result.value);
      }
    }
    return found.flatMap(({ token }) => views.get(token.id) ?? []);
  }
}

/** Tokens, and the place up to which was searched; null when there is nothing behind it. */
interface Found {
  readonly found: readonly FoundToken[];
  readonly last: TokenPlace | null;
}

function filterOf({ doctorId, date, from, to, number, statuses }: SearchQuery): TokenFilter {
  const [first, last] = ALL_DAYS;
  return {
    doctorId,
    from: localDate(date ?? from ?? first),
    to: localDate(date ?? to ?? last),
    number,
    statuses: statuses.length === 0 ? (Object.keys(STATUSES) as Status[]) : statuses,
  };
}

const isWanted = ({ token, slot }: FoundToken, filter: TokenFilter): boolean =>
  (filter.doctorId === null || filter.doctorId === slot.doctorId) &&
  (filter.number === null || filter.number === token.number) &&
  filter.statuses.includes(token.status) &&
  slot.date >= filter.from &&
  slot.date <= filter.to;

function nameTest(part: string | undefined): (token: StoredToken) => boolean {
  if (part === undefined) return () => true;
  const searched = searchedForm(part);
  return ({ patientName }) => searchedForm(patientName).includes(searched);
}

const CURSOR_WORDS = 'must be the `next_cursor` of an answer to the same search';

const cursorOf = ({ date, slotId, tokenId }: TokenPlace): string =>
  Buffer.from(JSON.stringify([date, slotId, tokenId])).toString('base64url');

function placeOfCursor(cursor: string): TokenPlace | undefined {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(place) || !place.every((part) => typeof part === 'string')) return undefined;
    const [date, slotId, tokenId] = place;
    return date !== undefined && slotId !== undefined && tokenId !== undefined && place.length === 3
      ? { date, slotId, tokenId }
      : undefined;
  } catch {
    return undefined;
  }
}

function faultsOf(query: SearchQuery): Fault[] {
  const { patientId, doctorId, date, from, to, number, statuses, name } = query;
  const faults = dateFaultsOf({ date, from, to });
  const hasDays = date !== undefined || from !== undefined || to !== undefined;
  const isBounded = patientId !== null || doctorId !== null || hasDays;
  if (name !== undefined && doctorId === null && !hasDays)
    faults.push({ pointer: '/name', detail: 'needs `date`, `from` and `to`, or `doctor_id`' });
  if (!isBounded && number === null && statuses.length === 0 && name === undefined)
    faults.push({ pointer: '', detail: 'must say what to search for, such as `patient_id`' });
  if (faults.length > 0) return faults;
  if (date !== undefined && (from !== undefined || to !== undefined))
    faults.push({ pointer: '/date', detail: 'cannot be combined with `from` or `to`' });
  else if (
    from !== undefined &&
    to !== undefined &&
    daysBetween(localDate(from), localDate(to)) < 0
  )
    faults.push({ pointer: '/to', detail: 'must not be before `from`' });
  return faults;
}
