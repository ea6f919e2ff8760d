import { endsAt, holdsSeat, type Change, type SlotFacts, type Status } from '../engine/index.ts';

/**
 * Seat-milliseconds of a slot that stayed empty while somebody waited for one, until its end, as late as the doctor
 * is, or until now; the minutes of grace do not count, and a closed slot offers no seats. By R5 there are none.
 * @param changes what the slot was set to and what happened to the tokens in it, oldest first
 */
export function emptySeatMsOf(changes: readonly Change[], now: number): number {
  const watch = new SeatWatch();
  for (const change of changes) watch.take(change);
  watch.passTo(now);
  return watch.emptyMs;
}

/** The seats of a slot as time goes by. */
class SeatWatch {
  emptyMs = 0;
  #slot: SlotFacts | null = null;
  #seated = 0;
  #waiting = 0;
  #since = 0;

  take(change: Change): void {
    this.passTo(change.at);
    if (change.kind === 'slot_set') this.#slot = change.slot;
    // A change of class leaves the token where it is.
    if ('from' in change && change.kind !== 'reclassified') this.#count(change.from, -1);
    if ('to' in change) this.#count(change.to, 1);
  }

  /** Nothing has changed until this instant. A clock that was set back takes no time away. */
  passTo(at: number): void {
    const slot = this.#slot;
    if (slot?.closedReason === null) {
      const missed = Math.min(slot.capacity - this.#seated, this.#waiting);
      const passed = Math.min(at, endsAt(slot, 0)) - this.#since;
      if (missed > 0 && passed > 0) this.emptyMs += missed * passed;
    }
    this.#since = Math.max(this.#since, at);
  }

  #count(status: Status, difference: 1 | -1): void {
    if (holdsSeat(status)) this.#seated += difference;
    if (status === 'WAITING') this.#waiting += difference;
  }
}
