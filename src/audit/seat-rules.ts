import {
  EMERGENCY,
  type LiveStatus,
  type PatientClass,
  type Slot,
  type SlotFacts,
  type Token,
  type Transition,
} from '../engine/index.ts';

// The rules of seats in words of the audit's own. It reads a slot's tokens and asks the engine for no decision, because a
// check that asks the engine would repeat the engine's faults.

/** The statuses of a patient who has a seat and is not there. */
const ABSENT = ['BOOKED', 'SKIPPED'] as const satisfies readonly LiveStatus[];
const BUMPABLE = [...ABSENT, 'CHECKED_IN'] as const satisfies readonly LiveStatus[];
/** The statuses of a patient who has still to see the doctor. */
const BEFORE_VISIT: readonly string[] = [...BUMPABLE, 'WAITING'];

/** The statuses from which each kind of transition may start, and the one that it leads to; null for a promotion. */
export const STEPS: Readonly<
  Record<Transition, { readonly from: readonly LiveStatus[]; readonly to: string | null }>
> = {
  bumped: { from: BUMPABLE, to: 'WAITING' },
  promoted: { from: ['WAITING'], to: null },
  checked_in: { from: ABSENT, to: 'CHECKED_IN' },
  started: { from: BUMPABLE, to: 'IN_CONSULTATION' },
  skipped: { from: ['CHECKED_IN', 'IN_CONSULTATION'], to: 'SKIPPED' },
  completed: { from: ['IN_CONSULTATION'], to: 'COMPLETED' },
  cancelled: { from: [...BUMPABLE, 'WAITING'], to: 'CANCELLED' },
  no_show: { from: [...BUMPABLE, 'IN_CONSULTATION'], to: 'NO_SHOW' },
  expired: { from: ['WAITING'], to: 'EXPIRED' },
};

/** Whether the patient of a token with this status may still be moved or get another class (R13, R14). */
export const isBeforeVisit = (status: string): boolean => BEFORE_VISIT.includes(status);

/** The status that a token gets with a seat (R5). */
export const seatFor = ({ hasCheckedIn }: Pick<Token, 'hasCheckedIn'>): 'CHECKED_IN' | 'BOOKED' =>
  hasCheckedIn ? 'CHECKED_IN' : 'BOOKED';

/** The token whose seat a newcomer of this class takes when the slot is full (R3). */
export const victimOf = (slot: Slot, newcomer: PatientClass): Token | undefined =>
  firstOf(
    tokensOf(slot, newcomer.type === EMERGENCY ? BUMPABLE : ABSENT).filter(
      ({ patientClass }) => patientClass.priority < newcomer.priority,
    ),
    isWeaker,
  );

/**
 * The token that is bumped first when the slot gets fewer seats (R12): the weakest who is not there and no emergency; if
 * there is none, the weakest of all.
 */
export function firstToLoseSeat(slot: Slot): Token | undefined {
  const absent = tokensOf(slot, ABSENT).filter(
    ({ patientClass }) => patientClass.type !== EMERGENCY,
  );
  return firstOf(absent, isWeaker) ?? firstOf(tokensOf(slot, BUMPABLE), isWeaker);
}

/** The waiting token that gets the next free seat (R5). It costs O(waiting tokens). */
export const firstWaiting = (slot: Slot): Token | undefined =>
  slot.waiting === 0 ? undefined : firstOf(slot.tokensWith('WAITING'), isRankedBefore);

/** Whether a slot takes a newcomer of this class by its intake (R23). */
export const isTakenBy = ({ intake }: SlotFacts, { type }: PatientClass): boolean =>
  intake === 'ALL' || (intake === 'EMERGENCY' && type === EMERGENCY);

/** The rank of R7: priority descending, then arrival ascending. */
export function isRankedBefore(a: Token, b: Token): boolean {
  const difference = a.patientClass.priority - b.patientClass.priority;
  return difference === 0 ? a.arrival < b.arrival : difference > 0;
}

/** The order in which tokens are bumped (R3): lower priority, then who is not there, then the later arrival. */
function isWeaker(a: Token, b: Token): boolean {
  const difference = a.patientClass.priority - b.patientClass.priority;
  if (difference !== 0) return difference < 0;
  if (isAbsent(a) !== isAbsent(b)) return isAbsent(a);
  return a.arrival > b.arrival;
}

const isAbsent = ({ status }: Token): boolean => status === 'BOOKED' || status === 'SKIPPED';

const tokensOf = (slot: Slot, statuses: readonly LiveStatus[]): Token[] =>
  statuses.flatMap((status) => [...slot.tokensWith(status)]);

/** The token that comes before all others in an order. */
function firstOf(
  tokens: Iterable<Token>,
  comesBefore: (a: Token, b: Token) => boolean,
): Token | undefined {
  let first: Token | undefined;
  for (const token of tokens) if (first === undefined || comesBefore(token, first)) first = token;
  return first;
}
