import {
  AllocationEngine,
  endsAt,
  InvariantError,
  awaitsConsultation,
  type Change,
  type DoctorId,
  type EngineRules,
  type TokenId,
  isTokenChange,
} from '../engine/index.ts';
import { foldToken, type StoredToken } from '../store/index.ts';
import { faultOfClaim } from './claims.ts';
import type { MoveHistories } from './journey.ts';
import { completes, slotIdOf } from './units.ts';

/** Steps of the visit: they give no seat, free none and fill none. */
const VISIT: ReadonlySet<Change['kind']> = new Set(['checked_in', 'started', 'completed']);

/** One doctor's life, from its change records alone. */
export class Replay {
  readonly doctorId: DoctorId;
  readonly engine: AllocationEngine;
  /** The tokens that have not moved to another doctor. */
  readonly tokens = new Map<TokenId, StoredToken>();
  readonly faults: string[] = [];
  changes = 0;
  #previous: Change | undefined;

  constructor(doctorId: DoctorId, rules: EngineRules) {
    this.doctorId = doctorId;
    this.engine = new AllocationEngine(rules);
  }

  apply(change: Change, next: Change | undefined, journeys: MoveHistories): void {
    if (this.faults.length === 0 && !completes(change, this.#previous)) this.#checkRules();
    // What cannot be replayed from here on would only repeat the first fault.
    if (this.faults.length > 0) return;
    this.changes += 1;
    const fault = this.#faultOf(change, next, journeys);
    if (fault !== undefined) this.faults.push(`${nameOf(change)}: ${fault}`);
    this.#previous = change;
  }

  finish(): void {
    if (this.faults.length === 0) this.#checkRules();
    if (this.faults.length === 0) this.#checkClosed();
  }

  #faultOf(change: Change, next: Change | undefined, journeys: MoveHistories): string | undefined {
    const doctor = this.engine.doctor(change.doctorId);
    if (change.version !== (doctor?.version ?? 0) + 1) return 'its version is not the next one';
    const place = { engine: this.engine, journeys, previous: this.#previous, next };
    try {
      if (isTokenChange(change)) this.#fold(change);
      const fault = faultOfClaim(change, place);
      if (fault !== undefined) return fault;
      this.engine.apply(change);
    } catch (error) {
      if (error instanceof InvariantError) return `broken: ${error.message}`;
      throw error;
    }
    return undefined;
  }

  #fold(change: Parameters<typeof foldToken>[1]): void {
    const token = foldToken(this.tokens.get(change.tokenId), change);
    if (token === undefined) this.tokens.delete(change.tokenId);
    else this.tokens.set(change.tokenId, token);
  }

  /** What holds once the last change is complete, in the slot that it touched (R5, R8). */
  #checkRules(): void {
    const change = this.#previous;
    if (change === undefined || VISIT.has(change.kind)) return;
    const id = slotIdOf(change);
    const slot = id === undefined ? undefined : this.engine.slot(id);
    const next = slot?.nextWaiting();
    if (slot === undefined || next === undefined) return;
    // Without the grace: what it was at the time is not on record, and today's setting may be a longer one.
    if (slot.isClosed || change.at >= endsAt(slot.facts, 0)) return;
    const weakest = slot.victimFor(next.patientClass);
    if (slot.seatsLeft > 0)
      this.faults.push(`${nameOf(change)}: leaves a free seat beside token ${next.id} (R5)`);
    else if (weakest !== undefined)
      this.faults.push(
        `${nameOf(change)}: leaves token ${next.id} behind token ${weakest.id}, which it may bump (R8)`,
      );
  }

  /** Who was still to be seen in a slot when it was closed was moved or cancelled. */
  #checkClosed(): void {
    for (const token of this.engine.tokens)
      if (token.slot.isClosed && awaitsConsultation(token.status))
        this.faults.push(
          `token ${token.id}: is left in slot ${token.slot.facts.id}, which is closed`,
        );
  }
}

const nameOf = (change: Change): string =>
  `${isTokenChange(change) ? `token ${change.tokenId}: ` : ''}change ${change.doctorId}:${change.version} (${change.kind})`;
