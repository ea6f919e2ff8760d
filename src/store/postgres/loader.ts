import {
  type AllocationEngine,
  type Change,
  type DoctorId,
  type SlotId,
  type TokenId,
  isEntry,
  isTokenChange,
} from '../../engine/index.ts';
import { changeOf, type ChangeRow } from '../change-rows.ts';
import { lookBackFrom, restoreLive, restoreSlot } from '../restore.ts';
import type { Horizon } from '../store.ts';
import { doctorOfRow, slotOfRow, type WholeDoctor } from './rows.ts';
import type { Row, Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** Change records by which a doctor is brought up to date; one who is further behind is loaded whole. */
const CATCH_UP_CHANGES_MAX = 256;

/** Doctors who are brought into the engine together, where it is to be all of them. */
export const DOCTORS_PER_LOAD_MAX = 50;

/** What is on its way into the engine is older than what is there: it has to be read once more. */
export class OutdatedError extends Error {
  readonly code = '40001';
}

/** Keeps the engine's doctors as they are on record, reading of each only what has moved. */
export class Loader {
  readonly #engine: AllocationEngine;
  readonly #isLocked: (id: DoctorId) => boolean;
  #horizon: (() => Horizon) | undefined;

  /** @param isLocked whether a doctor's row is locked by a transaction of this process that has already looked at it */
  constructor(engine: AllocationEngine, isLocked: (id: DoctorId) => boolean) {
    this.#engine = engine;
    this.#isLocked = isLocked;
  }

  set horizon(horizon: () => Horizon) {
    this.#horizon = horizon;
  }

  /**
   * Brings these doctors into the engine, or up to these versions of theirs: by their change records when few, whole
   * otherwise. Nothing else may be under way with them.
   * @param rows of `versions` or `lock`: who has none is not there
   */
  async load(ids: Iterable<DoctorId>, rows: readonly Row[], run: Run): Promise<void> {
    const versions = new Map(rows.map(({ id, version }) => [id as DoctorId, version as number]));
    const missing = (id: DoctorId): number =>
      (versions.get(id) ?? 0) - (this.#engine.doctor(id)?.version ?? 0);
    const all = [...ids];
    let behind = all.filter((id) => missing(id) !== 0);
    while (behind.length > 0) {
      const few = behind.filter((id) => {
        // Less than nothing is missing where a fail-over has lost commits.
        return this.#engine.doctor(id) && missing(id) > 0 && missing(id) <= CATCH_UP_CHANGES_MAX;
      });
      const followed = new Set(few.length === 0 ? [] : await this.#catchUp(few, run));
      const whole = behind.filter((id) => !followed.has(id));
      if (whole.length > 0) await this.#loadWhole(whole, run);
      // Who was forgotten meanwhile, because a token had left for another doctor, is brought once more.
      behind = all.filter((id) => missing(id) > 0);
    }
  }

  /** Brings doctors into the engine whole, as they are now. */
  async #loadWhole(ids: readonly DoctorId[], run: Run): Promise<void> {
    const { now, isPast } = this.#horizonNow();
    const { instant, date } = lookBackFrom(now);
    const rows = await run('doctors', arrayOf(ids), date, instant);
    for (const id of ids) this.#engine.evictDoctor(id);
    for (const row of rows) this.#restore(doctorOfRow(row), isPast);
  }

  /** Brings slots of these doctors that are not in the engine there. */
  async loadSlots(ids: Iterable<DoctorId>, slotIds: Iterable<SlotId>, run: Run): Promise<void> {
    const missing = Array.from(slotIds).filter((id) => this.#engine.slot(id) === undefined);
    if (missing.length === 0) return;
    for (const row of await run('slotsById', arrayOf(ids), arrayOf(missing))) {
      const slot = slotOfRow(row);
      if (this.#engine.slot(slot.facts.id) !== undefined) continue;
      for (const token of slot.tokens) this.#evictFormerDoctor(token.id, slot.facts.doctorId);
      restoreSlot(this.#engine, slot);
    }
  }

  /** Applies what is on record since; returns those who are up to date then. */
  async #catchUp(ids: readonly DoctorId[], run: Run): Promise<DoctorId[]> {
    const known = ids.map((id) => ({ doctor_id: id, version: this.#engine.doctor(id)?.version }));
    const rows = await run('changesSince', JSON.stringify(known));
    const changes = rows.map((row) => changeOf(row as unknown as ChangeRow));
    const left = new Set<DoctorId>();
    for (const change of changes)
      if (!left.has(change.doctorId) && !this.#applyIfLoaded(change)) left.add(change.doctorId);
    return ids.filter((id) => !left.has(id));
  }

  /** Applies a change; false when it touches what is not in the engine. */
  #applyIfLoaded(change: Change): boolean {
    const isNext = this.#engine.doctor(change.doctorId)?.version === change.version - 1;
    const isKnown = isNext && (change.kind === 'doctor_set' || this.#isInEngine(change));
    if (isKnown && isTokenChange(change) && isEntry(change))
      this.#evictFormerDoctor(change.tokenId, change.doctorId);
    if (isKnown) this.#engine.apply(change);
    return isKnown;
  }

  #isInEngine(change: Exclude<Change, { kind: 'doctor_set' }>): boolean {
    // A slot that is not there is a new one, or one that is over: then the doctor's other records may touch it too.
    return change.kind === 'slot_set'
      ? this.#engine.slot(change.slot.id) !== undefined || !this.#horizonNow().isPast(change.slot)
      : this.#engine.slot(change.slotId) !== undefined;
  }

  #restore({ snapshot, slots }: WholeDoctor, isPast: Horizon['isPast']): void {
    const { id } = snapshot.facts;
    for (const { tokens } of slots)
      for (const token of tokens) this.#evictFormerDoctor(token.id, id);
    this.#engine.restoreDoctor(snapshot);
    restoreLive(this.#engine, slots, isPast);
  }

  /** A token that comes to a doctor has left the one where the engine has it: what is known of that one is outdated. */
  #evictFormerDoctor(tokenId: TokenId, doctorId: DoctorId): void {
    const other = this.#engine.token(tokenId)?.slot.facts.doctorId;
    if (other === undefined || other === doctorId) return;
    if (this.#isLocked(other)) throw new OutdatedError('A token is elsewhere by now.');
    this.#engine.evictDoctor(other);
  }

  #horizonNow(): Horizon {
    if (this.#horizon === undefined) throw new Error('A store is loaded before it is used.');
    return this.#horizon();
  }
}
