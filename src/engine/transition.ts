import type { TokenTransition, Transition } from './change.ts';
import type { EpochMs, TokenId } from './ids.ts';
import { invariant } from './invariant.ts';
import { isLive, type LiveStatus, type Status } from './status.ts';
import type { Token } from './token.ts';

/** The `nth` change of a command: this token goes to another status. */
export const transition = (
  { id, slot, status }: Token,
  kind: Transition,
  to: Status,
  cause: TokenId | null,
  nth: number,
  at: EpochMs,
): TokenTransition => {
  invariant(isLive(status), 'only a live token changes');
  const { doctor, facts } = slot;
  const version = doctor.version + nth;
  return {
    kind,
    doctorId: facts.doctorId,
    version,
    at,
    tokenId: id,
    slotId: facts.id,
    from: status,
    to,
    cause,
  };
};

/** The `nth` change of a command: this waiter gets a seat, freed by the token that is the cause, if one did. */
export const promotion = (
  waiter: Token,
  cause: TokenId | null,
  nth: number,
  at: EpochMs,
): TokenTransition => transition(waiter, 'promoted', seatStatusOf(waiter), cause, nth, at);

/** The seat status a waiter comes back to: one who has been at the desk is still there. */
const seatStatusOf = (token: Token): LiveStatus => (token.present ? 'CHECKED_IN' : 'BOOKED');
