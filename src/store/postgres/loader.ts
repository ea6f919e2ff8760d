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
import {
  isComplete,
  isPast,
  loadBounds,
  newSessions,
  restoreCurrentSlots,
  restoreSlot,
  setComplete,
} from '../restore.ts';
import type { Horizon, Scope } from '../store.ts';
import { StaleDoctorError } from './errors.ts';
import { doctorOfRow, slotOfRow, type WholeDoctor } from './rows.ts';
import type { Row, Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** Change records that are applied to a doctor in the engine. A doctor who is further behind is loaded whole. */
const CATCH_UP_CHANGES_MAX = 256;

/** Doctors who are loaded at once when all doctors must be loaded. */
export const DOCTORS_PER_LOAD_MAX = 50;

/** Makes doctors in the engine equal to the stored ones, and reads of each doctor only what has changed. */
export class Loader {
  readonly #engine: AllocationEngine;
  readonly #isLocked: (id: DoctorId) => boolean;
  #horizon: (() => Horizon) | undefined;

  /** @param isLocked whether a transaction of this process has locked the doctor's row and has read the doctor */
  constructor(engine: AllocationEngine, isLocked: (id: DoctorId) => boolean) {
    this.#engine = engine;
    this.#isLocked = isLocked;
  }

  /** How far back doctors are loaded. It must be set before anything is loaded. */
  set horizon(horizon: () => Horizon) {
    this.#horizon = horizon;
  }

  /** Whether the engine has a doctor with every slot that is not past now. */
  isLoaded(id: DoctorId): boolean {
    return (
      this.#engine.doctor(id) !== undefined && isComplete(this.#engine, id, this.#horizonNow())
    );
  }

  /**
   * Makes these doctors at least as new in the engine as these versions: by their change records when those are few,
   * otherwise by loading the doctor whole. A doctor whose slots were past and are not past now is loaded whole too. The
   * caller keeps the doctors busy meanwhile.
   * @param rows of the statement `versions` or `lock`; a doctor without a row is not stored
   * @throws StaleDoctorError when a token has moved between doctors meanwhile, so that they must be read again
   */
  async load(ids: Iterable<DoctorId>, rows: readonly Row[], run: Run): Promise<void> {
    const versions = new Map(rows.map(({ id, version }) => [id as DoctorId, version as number]));
    const missing = (id: DoctorId): number =>
      (versions.get(id) ?? 0) - (this.#engine.doctor(id)?.version ?? 0);
    const all = [...ids];
    const lacksSlots = (id: DoctorId): boolean => !isComplete(this.#engine, id, this.#horizonNow());
    let behind = all.filter((id) => missing(id) !== 0 || lacksSlots(id));
    while (behind.length > 0) {
      const few = behind.filter((id) => {
        if (this.#engine.doctor(id) === undefined || lacksSlots(id)) return false;
        // The engine is ahead of the database if a fail-over has lost commits. Then no change record helps.
        return missing(id) > 0 && missing(id) <= CATCH_UP_CHANGES_MAX;
      });
      const caughtUp = new Set(few.length === 0 ? [] : await this.#catchUp(few, run));
      const whole = behind.filter((id) => !caughtUp.has(id));
      if (whole.length > 0) await this.#loadWhole(whole, run);
      // When a token has moved to a loaded doctor, its former doctor is evicted and must be loaded again.
      behind = all.filter((id) => missing(id) > 0 || lacksSlots(id));
    }
  }

  /** Replaces doctors in the engine by the stored ones. */
  async #loadWhole(ids: readonly DoctorId[], run: Run): Promise<void> {
    const horizon = this.#horizonNow();
    const { instant, date } = loadBounds(horizon.now);
    const rows = await run('doctors', arrayOf(ids), date, instant);
    for (const id of ids) this.#engine.evictDoctor(id);
    for (const row of rows) this.#restore(doctorOfRow(row), horizon);
  }

  /** Loads the slots that these scopes name, belong to these doctors and are not in the engine. */
  async loadSlots(ids: Iterable<DoctorId>, scopes: readonly Scope[], run: Run): Promise<void> {
    const slotIds = [
      ...scopes.flatMap((scope) => scope.slotIds ?? []),
      ...(await this.#foreignSlots(scopes, run)),
    ];
    const missing = slotIds.filter((id) => this.#engine.slot(id) === undefined);
    if (missing.length === 0) return;
    for (const row of await run('slotsById', arrayOf(ids), arrayOf(missing))) {
      const slot = slotOfRow(row);
      if (this.#engine.slot(slot.facts.id) !== undefined) continue;
      for (const token of slot.tokens) this.#evictFormerDoctor(token.id, slot.facts.doctorId);
      restoreSlot(this.#engine, slot);
    }
  }

  /** The slots that may take the ids of the scopes' sessions, see `Scope.sessions`. */
  async #foreignSlots(scopes: readonly Scope[], run: Run): Promise<SlotId[]> {
    const sessions = newSessions(
      this.#engine,
      scopes.flatMap((scope) => scope.sessions ?? []),
    );
    if (sessions.length === 0) return [];
    const rows = sessions.map(({ id, doctorId }) => ({ id, doctor_id: doctorId }));
    return (await run('foreignSlots', JSON.stringify(rows))).map(({ id }) => id as SlotId);
  }

  /** Applies the change records that the engine does not have; returns the doctors that are current then. */
  async #catchUp(ids: readonly DoctorId[], run: Run): Promise<DoctorId[]> {
    const known = ids.map((id) => ({ doctor_id: id, version: this.#engine.doctor(id)?.version }));
    const rows = await run('changesSince', JSON.stringify(known));
    const changes = rows.map((row) => changeOf(row as unknown as ChangeRow));
    const incomplete = new Set<DoctorId>();
    for (const change of changes)
      if (!incomplete.has(change.doctorId) && !this.#applyIfLoaded(change))
        incomplete.add(change.doctorId);
    return ids.filter((id) => !incomplete.has(id));
  }

  /** Applies a change; returns false when it concerns something that is not in the engine. */
  #applyIfLoaded(change: Change): boolean {
    const isNext = this.#engine.doctor(change.doctorId)?.version === change.version - 1;
    const isKnown = isNext && this.#isInEngine(change);
    if (isKnown && isTokenChange(change) && isEntry(change))
      this.#evictFormerDoctor(change.tokenId, change.doctorId);
    if (isKnown) this.#engine.apply(change);
    return isKnown;
  }

  /** Whether the engine has what the change concerns. It has the doctor. */
  #isInEngine(change: Change): boolean {
    if (isTokenChange(change)) return this.#engine.slot(change.slotId) !== undefined;
    if (change.kind !== 'slot_set') return true;
    // A slot that is not in the engine is new, or it is past and later change records may concern it too.
    return (
      this.#engine.slot(change.slot.id) !== undefined ||
      !isPast(this.#engine, change.slot, this.#horizonNow())
    );
  }

  #restore({ snapshot, slots }: WholeDoctor, horizon: Horizon): void {
    const { id } = snapshot.facts;
    for (const { tokens } of slots)
      for (const token of tokens) this.#evictFormerDoctor(token.id, id);
    this.#engine.restoreDoctor(snapshot);
    restoreCurrentSlots(this.#engine, slots, horizon);
    setComplete(this.#engine, id, horizon);
  }

  /** Evicts the doctor where the engine has this token, because the token has moved away and that doctor is outdated. */
  #evictFormerDoctor(tokenId: TokenId, doctorId: DoctorId): void {
    const former = this.#engine.anyToken(tokenId)?.slot.facts.doctorId;
    if (former === undefined || former === doctorId) return;
    // A locked doctor is current or ahead of the database, so the rows just read are outdated, not that doctor.
    if (this.#isLocked(former)) throw new StaleDoctorError('A token has moved to another doctor.');
    this.#engine.evictDoctor(former);
  }

  #horizonNow(): Horizon {
    if (this.#horizon === undefined) throw new Error('The store must be loaded before it is used.');
    return this.#horizon();
  }
}
