/** What the desk reads of a token. */
export interface PlacedToken {
  readonly id: string;
  readonly number: number;
  readonly slot_id: string;
  readonly status: string;
  readonly start_time: string;
  readonly estimated_time: string | null;
  readonly waitlist_position: number | null;
}

/** What an answer says of a token that lost its seat. */
export interface BumpedToken {
  readonly id: string;
  readonly number: number;
  readonly waitlist_position: number | null;
}

/** What a patient must be told. */
export type News =
  | { readonly kind: 'bumped'; readonly position: number | null }
  | { readonly kind: 'promoted'; readonly time: string }
  | { readonly kind: 'moved'; readonly time: string; readonly hasSeat: boolean }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'late'; readonly minutes: number }
  | { readonly kind: 'reopened' };

/** A patient to whom something has happened by the act of another. */
export interface Person {
  readonly tokenId: string;
  readonly number: number;
  readonly news: News;
  /** Whether the patient is in the waiting room. Otherwise the desk must phone. */
  readonly isHere: boolean;
}

/** What answers say of other tokens than the one of the act. */
export interface Effects {
  readonly bumped?: BumpedToken | readonly BumpedToken[] | null;
  readonly promoted?: PlacedToken | readonly PlacedToken[] | null;
  readonly affected?: readonly {
    readonly outcome: string;
    readonly seated: boolean;
    readonly token: PlacedToken;
  }[];
}

/** The tokens before an act, by their ids. */
export type TokensBefore = ReadonlyMap<string, PlacedToken>;

/** All tokens of some slots, by their ids. */
export const tokensOf = <T extends PlacedToken>(
  slots: readonly { readonly tokens: readonly T[]; readonly waitlist: readonly T[] }[],
): ReadonlyMap<string, T> =>
  new Map(
    slots
      .flatMap(({ tokens, waitlist }) => [...tokens, ...waitlist])
      .map((token) => [token.id, token]),
  );

const PRESENT: readonly string[] = ['CHECKED_IN', 'IN_CONSULTATION'];

/**
 * The patients whom the answer to an act names, besides the patient of the act.
 * @param before tells who was checked in: a token that lost its seat waits, and its status no longer shows it
 */
export function peopleOf(
  { bumped, promoted, affected = [] }: Effects,
  before: TokensBefore,
): readonly Person[] {
  const personOf = (
    { id, number, status }: { readonly id: string; readonly number: number; status?: string },
    news: News,
  ): Person => {
    const statuses = [before.get(id)?.status, status];
    const isHere = statuses.some((each) => each !== undefined && PRESENT.includes(each));
    return { tokenId: id, number, news, isHere };
  };
  return [
    ...listOf(bumped).map((token) =>
      personOf(token, { kind: 'bumped', position: token.waitlist_position }),
    ),
    ...listOf(promoted).map((token) =>
      personOf(token, { kind: 'promoted', time: token.estimated_time ?? token.start_time }),
    ),
    ...affected
      .filter(({ outcome }) => outcome !== 'stays')
      .map(({ outcome, seated, token }) =>
        personOf(
          token,
          outcome === 'moved'
            ? { kind: 'moved', time: token.start_time, hasSeat: seated }
            : { kind: 'cancelled' },
        ),
      ),
  ];
}

function listOf<T extends object>(value: T | readonly T[] | null | undefined): readonly T[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** The patients of a late doctor who have still to be seen. */
export const latePeopleOf = (
  slots: readonly { readonly tokens: readonly PlacedToken[] }[],
  minutes: number,
): readonly Person[] =>
  slots
    .flatMap(({ tokens }) => tokens)
    .filter(({ status }) => status === 'BOOKED' || status === 'CHECKED_IN')
    .map(({ id, number, status }) => ({
      tokenId: id,
      number,
      news: { kind: 'late', minutes },
      isHere: status === 'CHECKED_IN',
    }));
