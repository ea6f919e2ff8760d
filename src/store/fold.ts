import { invariant, type Change, type TokenId } from '../engine/index.ts';
import type { ChangeRecord, Origin, StoredToken } from './store.ts';

export type TokenChange = Exclude<Change, { kind: 'doctor_set' | 'slot_set' }>;

export const isTokenChange = (change: Change): change is TokenChange =>
  change.kind !== 'doctor_set' && change.kind !== 'slot_set';

/**
 * The kept token after one of its changes.
 * @throws InvariantError when the change does not start from where the token is
 */
export function foldToken(token: StoredToken | undefined, change: TokenChange): StoredToken {
  if (change.kind === 'booked') {
    invariant(token === undefined, 'a token is booked once');
    const { kind, version, tokenId, at, to, ...facts } = change;
    return { ...facts, id: tokenId, bookedAt: at, status: to };
  }
  invariant(token?.status === change.from, 'a change starts from the status the token has');
  return { ...token, status: change.to };
}

/** The change as the token's history tells it. A reason is the command's own: it is not told to those it touched. */
export function recordOf(change: TokenChange, { actor, reason }: Origin): ChangeRecord {
  const { doctorId, version, at, kind, tokenId, slotId, to } = change;
  const [from, cause]: [ChangeRecord['from'], TokenId | null] =
    change.kind === 'booked' ? [null, null] : [change.from, change.cause];
  return {
    doctorId,
    version,
    at,
    kind,
    tokenId,
    slotId,
    from,
    to,
    cause,
    actor,
    reason: cause === null ? reason : null,
  };
}
