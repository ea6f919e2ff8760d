import type { Ledger } from './ledger.ts';
import { DoctorRules, type AuditDeps, type Recorded } from './doctor-rules.ts';

/**
 * A doctor's change records in the order in which they took effect. The places that no token's record has are the
 * changes of the doctor's slots: revised, delayed, closed, one at a time.
 */
export class DoctorAudit {
  readonly #deps: AuditDeps;
  readonly #doctorId: string;
  readonly #rules: DoctorRules;
  #records: Recorded[] = [];
  #version: number;

  /** @param opened change records of the doctor before the first booking */
  constructor(doctorId: string, opened: number, deps: AuditDeps) {
    this.#deps = deps;
    this.#doctorId = doctorId;
    this.#rules = new DoctorRules(doctorId, deps);
    this.#version = opened;
  }

  /** Takes in what was recorded since. */
  add(records: readonly Recorded[]): void {
    this.#records = records.toSorted((a, b) => a.version - b.version);
    const places = new Set(records.map(({ version }) => version)).size;
    const what = `R17: ${this.#doctorId}: places of ${records.length} change records`;
    this.#deps.breaches.same(what, places, records.length);
  }

  get isDone(): boolean {
    return this.#records.length === 0;
  }

  /** Plays what can be played; a patient who comes from another doctor must have left there first. */
  advance(): boolean {
    const before = this.#records.length;
    for (let first = this.#records[0]; first !== undefined; first = this.#records[0]) {
      this.#playSlotsUntil(first.version);
      if (!this.#isPlayable(first)) break;
      this.#rules.play(first, this.#records[1]);
      this.#records.shift();
      this.#version = first.version;
    }
    return this.#records.length < before;
  }

  /** All that was recorded is played: only changes of slots can come after it. */
  finish(): void {
    while (this.#playSlot());
    this.#rules.end();
  }

  #playSlotsUntil(version: number): void {
    const { breaches } = this.#deps;
    while (version > this.#version + 1)
      if (!this.#playSlot()) {
        breaches.add(`R17: change ${this.#doctorId}:${this.#version + 1} is on nobody's record`);
        this.#version = version - 1;
      }
  }

  #playSlot(): boolean {
    const { slotChanges }: Ledger = this.#deps.ledger;
    const change = slotChanges.get(this.#doctorId)?.shift();
    if (change === undefined) return false;
    this.#version += 1;
    this.#rules.setSlot(`${this.#doctorId}:${this.#version}`, change);
    return true;
  }

  /** Whether all that came before it is played; of a bump also all that came before the newcomer. */
  #isPlayable({ tokenId, nth, change }: Recorded): boolean {
    const { tokens } = this.#deps.ward;
    const isDue = (id: string, place: number): boolean => (tokens.get(id)?.played ?? 0) === place;
    const following = this.#records[1];
    const isNewcomer = change.kind === 'bumped' && following?.tokenId === change.cause;
    return isDue(tokenId, nth) && (!isNewcomer || isDue(following.tokenId, following.nth));
  }
}
