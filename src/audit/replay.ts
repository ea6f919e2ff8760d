import {
  AllocationEngine,
  InvariantError,
  type Change,
  type DoctorId,
  type EngineRules,
  type SlotId,
  type TokenId,
  isTokenChange,
  slotIdOf,
} from '../engine/index.ts';
import { foldToken, type StoredToken } from '../store/index.ts';
import { faultOfChange } from './change-check.ts';
import { continuesGroup } from './change-groups.ts';
import { LeaveWatch, type HolidayRecord } from './leave-check.ts';
import type { MoveHistories } from './move-histories.ts';
import { firstWaiting, isBeforeVisit, victimOf } from './seat-rules.ts';
import { endOf } from './slot-times.ts';

/** The kinds of changes after which seats need no check, because they give, free and fill no seat. */
const SEATLESS_KINDS: ReadonlySet<Change['kind']> = new Set([
  ...(['checked_in', 'started', 'completed', 'corrected'] as const),
]);

/** Replays the change records of one doctor in an engine of its own and collects the faults that it finds. */
export class Replay {
  readonly doctorId: DoctorId;
  readonly engine: AllocationEngine;
  /** The tokens as their change records make them, without the tokens that moved to another doctor. */
  readonly tokens = new Map<TokenId, StoredToken>();
  /** Stays empty or gets one fault, because the faults after the first one would only follow from it. */
  readonly faults: string[] = [];
  /** How many changes were replayed. */
  changes = 0;
  readonly #leaves: LeaveWatch;
  #previous: Change | undefined;
  /** The tokens that must leave a closed slot, because they awaited consultation when it closed. */
  readonly #leaving = new Map<TokenId, SlotId>();
  readonly #leftByClosing = new Set<TokenId>();

  constructor(doctorId: DoctorId, rules: EngineRules, holidays: HolidayRecord) {
    this.doctorId = doctorId;
    this.engine = new AllocationEngine(rules);
    this.#leaves = new LeaveWatch(doctorId, holidays);
  }

  /**
   * Checks a change and applies it.
   * @param next the change of the same doctor right after it
   */
  apply(change: Change, next: Change | undefined, moves: MoveHistories): void {
    if (this.faults.length === 0 && !continuesGroup(change, this.#previous)) this.#checkSeats();
    if (this.faults.length === 0 && this.#previous?.at !== change.at) this.#checkLeaves();
    if (this.faults.length > 0) return;
    this.changes += 1;
    this.#leaves.see(change, this.engine);
    const fault = this.#faultOf(change, next, moves);
    if (fault !== undefined) this.faults.push(`${nameOf(change)}: ${fault}`);
    this.#previous = change;
  }

  /** Checks the state after the last change. */
  finish(): void {
    if (this.faults.length === 0) this.#checkSeats();
    if (this.faults.length === 0) this.#checkLeaves();
    if (this.faults.length === 0) this.#checkClosedSlots();
    if (this.faults.length === 0) this.faults.push(...this.#leaves.openOnHolidays(this.engine));
  }

  #checkLeaves(): void {
    this.faults.push(...this.#leaves.notFollowing());
  }

  #faultOf(change: Change, next: Change | undefined, moves: MoveHistories): string | undefined {
    const doctor = this.engine.doctor(change.doctorId);
    const before = doctor?.version ?? 0;
    if (change.version === before) return 'its version was written twice';
    if (change.version !== before + 1) return 'its version is not the next one';
    const context = {
      ...{ engine: this.engine, moves, leftByClosing: this.#leftByClosing },
      ...{ previous: this.#previous, next },
    };
    try {
      if (isTokenChange(change)) this.#fold(change);
      const fault = faultOfChange(change, context);
      if (fault !== undefined) return fault;
      this.#watchClosing(change);
      this.engine.apply(change);
    } catch (error) {
      if (error instanceof InvariantError) return `cannot be applied: ${error.message}`;
      throw error;
    }
    return undefined;
  }

  #fold(change: Parameters<typeof foldToken>[1]): void {
    const token = foldToken(this.tokens.get(change.tokenId), change);
    if (token === undefined) this.tokens.delete(change.tokenId);
    else this.tokens.set(change.tokenId, token);
  }

  /** Checks the slot of the last change once the group of that change is complete (R5, R8). */
  #checkSeats(): void {
    const change = this.#previous;
    if (change === undefined || SEATLESS_KINDS.has(change.kind)) return;
    const id = slotIdOf(change);
    const slot = id === null ? undefined : this.engine.slot(id);
    const isKept = slot !== undefined && slot.facts.kept !== null && !slot.isClosed;
    if (isKept && slot.isEmpty && change.at < endOf(slot.facts)) {
      const fault = `leaves slot ${slot.facts.id} kept without a live token (R25)`;
      this.faults.push(`${nameOf(change)}: ${fault}`);
      return;
    }
    const next = slot && firstWaiting(slot);
    if (slot === undefined || next === undefined) return;
    // The minutes of grace do not count, because the change records do not say how many there were at the time.
    if (slot.isClosed || change.at >= endOf(slot.facts)) return;
    const weakest = victimOf(slot, next.patientClass);
    if (slot.seatsLeft > 0)
      this.faults.push(`${nameOf(change)}: leaves a seat free while token ${next.id} waits (R5)`);
    else if (weakest !== undefined)
      this.faults.push(
        `${nameOf(change)}: leaves token ${next.id} waiting although it may bump token ${weakest.id} (R8)`,
      );
  }

  /** Notes the tokens that a closing must move or cancel. A token that comes to await consultation later may stay. */
  #watchClosing(change: Change): void {
    if (isTokenChange(change)) {
      const { kind, tokenId } = change;
      if (kind !== 'cancelled' && kind !== 'moved_out') return;
      if (this.#leaving.delete(tokenId)) this.#leftByClosing.add(tokenId);
      else this.#leftByClosing.delete(tokenId);
      return;
    }
    if (change.kind !== 'slot_set' || change.slot.closedReason === null) return;
    const slot = this.engine.slot(change.slot.id);
    if (slot?.isClosed !== false) return;
    for (const token of slot.tokens())
      if (isBeforeVisit(token.status)) this.#leaving.set(token.id, change.slot.id);
  }

  /** Checks that every closing has moved or cancelled the tokens that awaited consultation. */
  #checkClosedSlots(): void {
    for (const [token, slot] of this.#leaving)
      this.faults.push(`token ${token}: awaits consultation in slot ${slot}, which is closed`);
  }
}

const nameOf = (change: Change): string =>
  `${isTokenChange(change) ? `token ${change.tokenId}: ` : ''}change ${change.doctorId}:${change.version} (${change.kind})`;
