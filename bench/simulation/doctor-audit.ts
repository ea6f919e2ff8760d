import type { AuditDeps, Recorded } from './change-records.ts';
import { DoctorRules } from './doctor-rules.ts';

/**
 * Applies the change records of one doctor to the model, in the order of their versions. A version without a record of a
 * token belongs to a change of the doctor or of one of the doctor's slots. These were sent one at a time.
 */
export class DoctorAudit {
  readonly #deps: AuditDeps;
  readonly #doctorId: string;
  readonly #rules: DoctorRules;
  #records: Recorded[] = [];
  #version: number;

  /** @param opened the number of change records of the doctor before the first booking */
  constructor(doctorId: string, opened: number, deps: AuditDeps) {
    this.#deps = deps;
    this.#doctorId = doctorId;
    this.#rules = new DoctorRules(doctorId, deps);
    this.#version = opened;
  }

  /** Adds the change records since the last call. */
  add(records: readonly Recorded[]): void {
    this.#records = records.toSorted((a, b) => a.version - b.version);
    const versions = new Set(records.map(({ version }) => version)).size;
    const what = `R17: ${this.#doctorId}: different versions of ${records.length} change records`;
    this.#deps.violations.same(what, versions, records.length);
  }

  get isDone(): boolean {
    return this.#records.length === 0;
  }

  /**
   * Applies records as long as possible. A record of a patient who came from another doctor is applied only after the
   * record of leaving that doctor.
   * @returns whether any record was applied
   */
  advance(): boolean {
    const before = this.#records.length;
    for (let first = this.#records[0]; first !== undefined; first = this.#records[0]) {
      this.#playOthersUntil(first.version);
      if (!this.#isPlayable(first)) break;
      this.#rules.play(first, this.#records[1]);
      this.#records.shift();
      this.#version = first.version;
    }
    return this.#records.length < before;
  }

  /** Ends the phase: all records of tokens are applied, so only other changes are left. */
  finish(): void {
    while (this.#playOther());
    this.#rules.end();
  }

  #playOthersUntil(version: number): void {
    const { violations } = this.#deps;
    while (version > this.#version + 1)
      if (!this.#playOther()) {
        violations.add(
          `R17: change ${this.#doctorId}:${this.#version + 1} is missing: no token, no slot and no doctor has it`,
        );
        this.#version = version - 1;
      }
  }

  #playOther(): boolean {
    const change = this.#deps.hospital.changes.get(this.#doctorId)?.shift();
    if (change === undefined) return false;
    this.#version += 1;
    this.#rules.playOther(`${this.#doctorId}:${this.#version}`, change);
    return true;
  }

  /** Whether all earlier records of the token are applied, and for a bump also all earlier records of the newcomer. */
  #isPlayable({ tokenId, nth, change }: Recorded): boolean {
    const { tokens } = this.#deps.model;
    const isDue = (id: string, place: number): boolean =>
      (tokens.get(id)?.recordsPlayed ?? 0) === place;
    const following = this.#records[1];
    const isNewcomer = change.kind === 'bumped' && following?.tokenId === change.cause;
    return isDue(tokenId, nth) && (!isNewcomer || isDue(following.tokenId, following.nth));
  }
}
