import { tokensOf, type BumpedToken, type Effects, type PlacedToken } from './people.ts';

/** What the desk reads of a slot. */
export interface PlannedSlot {
  readonly id: string;
  readonly status: string;
  readonly start_time: string;
  readonly end_time: string;
  readonly expected_start_time: string;
  readonly capacity: number;
  readonly seated: number;
  readonly waiting: number;
  readonly intake: string;
  readonly tokens: readonly PlacedToken[];
  readonly waitlist: readonly PlacedToken[];
}

/** A patient before and after an act. */
export interface TokenChange {
  readonly tokenId: string;
  readonly number: number;
  /** Null for a token of a slot that the desk does not show. */
  readonly before: PlacedToken | null;
  /** Null for a token that the answer names without its place. */
  readonly after: PlacedToken | null;
  /** The place on the waitlist of a token that loses its seat; null for all others. */
  readonly bumpedTo: number | null;
}

/** A slot before and after an act. */
export interface SlotChange {
  /** Null for a slot that the desk does not show. */
  readonly before: PlannedSlot | null;
  readonly after: PlannedSlot;
}

/** What an act would change. */
export interface Plan {
  readonly slots: readonly SlotChange[];
  readonly tokens: readonly TokenChange[];
}

/** A slot with its patients after an act. */
export type SlotAfter = PlannedSlot & Effects;

/** Compares slots as they are with the answer to a dry run. */
export function planOf(
  slotsBefore: readonly PlannedSlot[],
  slotsAfter: readonly SlotAfter[],
): Plan {
  const before = tokensOf(slotsBefore);
  const after = new Map(
    [
      ...tokensOf(slotsAfter).values(),
      ...slotsAfter.flatMap(({ affected = [] }) => affected.map(({ token }) => token)),
    ].map((token) => [token.id, token]),
  );
  const changed: TokenChange[] = [...after.values()]
    .map((token) => ({
      tokenId: token.id,
      number: before.get(token.id)?.number ?? token.number,
      before: before.get(token.id) ?? null,
      after: token,
      bumpedTo: null,
    }))
    .filter((change) => change.before === null || placeOf(change.before) !== placeOf(change.after));
  const bumped: TokenChange[] = slotsAfter
    .flatMap((slot) => (Array.isArray(slot.bumped) ? slot.bumped : []) as BumpedToken[])
    .filter(({ id }) => !after.has(id))
    .map(({ id, number, waitlist_position }) => ({
      tokenId: id,
      number,
      before: before.get(id) ?? null,
      after: null,
      bumpedTo: waitlist_position,
    }));
  return {
    slots: slotsAfter.map((slot) => ({
      before: slotsBefore.find(({ id }) => id === slot.id) ?? null,
      after: slot,
    })),
    tokens: [...changed, ...bumped],
  };
}

const placeOf = ({ slot_id, status, waitlist_position }: PlacedToken): string =>
  `${slot_id} ${status} ${waitlist_position ?? ''}`;
