import { endsAt, holdsSeat, type Change, type SlotFacts, type Status } from '../engine/index.ts';

/**
 * The milliseconds during which a seat of a slot was empty while a token waited for one, added up over the seats. The
 * sum runs to the end of the slot, with the doctor's delay and without the minutes of grace, or to `now` if that is
 * earlier. A closed slot has no seats. The sum is 0 if R5 was always followed.
 * @param changes all changes of the slot and of the tokens in it, oldest first
 * @param now in milliseconds since the epoch
 */
export function emptySeatMsOf(changes: readonly Change[], now: number): number {
  const watch = new SeatWatch();
  for (const change of changes) watch.take(change);
  watch.advanceTo(now);
  return watch.emptyMs;
}

/** Follows the seats of a slot through its changes and adds up the empty time. See `emptySeatMsOf`. */
export class SeatWatch {
  /** Milliseconds so far. */
  emptyMs = 0;
  /** The facts of the slot; null before the first of its own changes. */
  slot: SlotFacts | null = null;
  #seated = 0;
  #waiting = 0;
  #since = 0;

  take(change: Change): void {
    this.advanceTo(change.at);
    if (change.kind === 'slot_set') this.slot = change.slot;
    // A change of class and a correction have a `from` but no `to`, because the token keeps its status.
    const { kind } = change;
    if ('from' in change && ('to' in change || kind === 'moved_out')) this.#count(change.from, -1);
    if ('to' in change) this.#count(change.to, 1);
  }

  /** Adds the time since the last call, in which no change happened. If the clock was set back, it adds nothing. */
  advanceTo(at: number): void {
    const { slot } = this;
    if (slot?.closedReason === null) {
      const emptySeats = Math.min(slot.capacity - this.#seated, this.#waiting);
      const elapsedMs = Math.min(at, endsAt(slot, 0)) - this.#since;
      if (emptySeats > 0 && elapsedMs > 0) this.emptyMs += emptySeats * elapsedMs;
    }
    this.#since = Math.max(this.#since, at);
  }

  #count(status: Status, difference: 1 | -1): void {
    if (holdsSeat(status)) this.#seated += difference;
    if (status === 'WAITING') this.#waiting += difference;
  }
}
