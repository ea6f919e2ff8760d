import { setImmediate as nextTurn } from 'node:timers/promises';
import { slotStatusOf, type AllocationEngine, type EpochMs } from '../engine/index.ts';
import { momentAt } from './runner.ts';

/** Slots that are counted before other work of the process gets its turn. */
const SLOTS_PER_TURN = 5_000;

/** The seats of slots, and how they are used. */
export interface Occupancy {
  seats: number;
  /** Tokens that hold a seat. */
  seated: number;
  /** Tokens on a waitlist. */
  waiting: number;
}

/**
 * Counts the seats of all slots that are open and have not ended: those of today, also of an earlier day that still
 * runs, and those of later days. Other work gets its turn in between, because a hospital may have many slots, so the sum
 * may mix two instants.
 */
export async function occupancyOf(
  engine: AllocationEngine,
  now: EpochMs,
): Promise<Readonly<Record<'today' | 'later', Occupancy>>> {
  const moment = momentAt(engine, now);
  const sums = { today: none(), later: none() };
  let counted = 0;
  for (const { facts, slots } of engine.doctors) {
    const today = moment.todayIn(facts.timeZone);
    for (const slot of [...slots]) {
      if ((counted += 1) % SLOTS_PER_TURN === 0) await nextTurn();
      if (slotStatusOf(slot, moment) !== 'OPEN') continue;
      const sum = slot.facts.date > today ? sums.later : sums.today;
      sum.seats += slot.facts.capacity;
      sum.seated += slot.seated;
      sum.waiting += slot.waiting;
    }
  }
  return sums;
}

const none = (): Occupancy => ({ seats: 0, seated: 0, waiting: 0 });
