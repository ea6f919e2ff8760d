import {
  holdsSeat,
  isLive,
  type Change,
  type Status,
  type TokenChange,
  type TokenId,
} from '../engine/index.ts';
import { COUNTED } from './tally.ts';

/** The index of each kind in `COUNTED`. */
const PLACE_OF = new Map<Change['kind'], number>(COUNTED.map((kind, index) => [kind, index]));

/** How far a patient has come from the desk to the doctor. */
interface Visit {
  /** The instant of the check-in; null while the patient is not there. */
  readonly checkedInAt: number | null;
  /** Milliseconds from the check-in until the doctor called the patient; null before that. */
  readonly callWaitMs: number | null;
}

const NOT_HERE: Visit = { checkedInAt: null, callWaitMs: null };

/** What happened to one token in the slots of the day. */
export class TokenDay {
  /** How often each kind of `COUNTED` happened, in its order: an array, because a day may have very many tokens. */
  readonly counts = COUNTED.map(() => 0);
  type = '';
  /** Null once the token was moved to another day or doctor. */
  status: Status | null = null;
  /** Milliseconds from its entry into the slot until it got the seat that it had waited for; null when it never waited. */
  waitMs: number | null = null;
  #visit = NOT_HERE;
  /** The visit before the last change of place or status, because only that change can be undone (R22). */
  #visitBefore = NOT_HERE;
  #enteredAt = 0;
  /** Whether it waited when it was live last. */
  #waited = false;

  /** Milliseconds from the check-in until the doctor called the patient; null when the patient was not called, or not there. */
  get callWaitMs(): number | null {
    return this.#visit.callWaitMs;
  }

  take(change: TokenChange): void {
    const { kind, at } = change;
    const visit = this.#visitAfter(change);
    if (kind !== 'corrected') this.#visitBefore = this.#visit;
    this.#visit = visit;
    this.#count(kind, 1);
    // What was taken back did not happen: a day with one completed visit too many counts one less.
    if (kind === 'undone') this.#count(change.undone, -1);
    if (kind === 'moved_out') this.status = null;
    else if (kind !== 'reclassified' && kind !== 'corrected') this.status = change.to;
    if (kind === 'booked' || kind === 'moved_in') this.#enteredAt = at;
    if (kind === 'booked' || kind === 'moved_in' || kind === 'reclassified')
      this.type = change.patientType;
    const isSeated = this.status !== null && holdsSeat(this.status);
    // A clock that was set back makes no wait negative.
    if (isSeated && this.#waited) this.waitMs = Math.max(0, at - this.#enteredAt);
    // A waiting token has no seat, also when it was promoted before and bumped since.
    if (this.status === 'WAITING') this.waitMs = null;
    if (this.status !== null && isLive(this.status)) this.#waited = this.status === 'WAITING';
    else if (kind === 'moved_out') this.#waited = false;
  }

  #visitAfter(change: TokenChange): Visit {
    const { checkedInAt } = this.#visit;
    switch (change.kind) {
      case 'checked_in':
        return { checkedInAt: change.at, callWaitMs: null };
      case 'started':
        // A clock that was set back makes no wait negative. A patient who was called without a check-in has no wait.
        return checkedInAt === null
          ? NOT_HERE
          : { checkedInAt, callWaitMs: Math.max(0, change.at - checkedInAt) };
      case 'skipped':
      case 'no_show':
        return NOT_HERE;
      case 'undone':
        // A patient who waits for the doctor again has no wait yet.
        return change.to === 'CHECKED_IN'
          ? { ...this.#visitBefore, callWaitMs: null }
          : this.#visitBefore;
      default:
        return this.#visit;
    }
  }

  #count(kind: TokenChange['kind'], difference: 1 | -1): void {
    const index = PLACE_OF.get(kind);
    if (index !== undefined) this.counts[index] = (this.counts[index] ?? 0) + difference;
  }
}

/** What happened to each token in the slots of the day, of which one is read after the other. */
export class TokenDays {
  readonly #days = new Map<TokenId, TokenDay>();
  /**
   * The changes of tokens that were moved, from the first move on. A token can be moved from slot to slot and back: the
   * doctor's versions give the order of its changes when all slots are read.
   */
  readonly #moved = new Map<TokenId, TokenChange[]>();

  take(change: TokenChange): void {
    const { kind, tokenId } = change;
    const moved = this.#moved.get(tokenId);
    if (moved !== undefined) moved.push(change);
    else if (kind === 'moved_in' || kind === 'moved_out') this.#moved.set(tokenId, [change]);
    else this.#dayOf(tokenId).take(change);
  }

  /** The tokens that were in one of the slots. It is called once, after all changes were taken. */
  all(): readonly TokenDay[] {
    for (const [tokenId, changes] of this.#moved)
      for (const change of changes.sort((a, b) => a.version - b.version))
        this.#dayOf(tokenId).take(change);
    return [...this.#days.values()];
  }

  #dayOf(id: TokenId): TokenDay {
    const day = this.#days.get(id) ?? new TokenDay();
    this.#days.set(id, day);
    return day;
  }
}
