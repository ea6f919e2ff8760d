import {
  AllocationEngine,
  invariant,
  localDate,
  type Doctor,
  type DoctorFacts,
  type DoctorId,
  type DoctorSnapshot,
  type EpochMs,
  type LocalDate,
  type LocalInstant,
  type Slot,
  type SlotFacts,
  type SlotId,
} from '../engine/index.ts';
import type { Pages, StoredLiveToken, StoredSlot } from './archive.ts';
import type { Horizon, SessionOfDoctor } from './store.ts';

/**
 * Milliseconds. A slot whose planned end is longer ago is past, because its delay and its grace are at most a day each.
 * Such a slot is not loaded with its doctor.
 */
const LOAD_BACK_MS = 72 * 3_600_000;

/** The earliest end of the slots to load, and the earliest date of the days whose numbers to load. */
export const loadBounds = (now: EpochMs): { instant: number; date: LocalDate } => ({
  instant: now - LOAD_BACK_MS,
  // Twice as far, because the date is the one on which a slot begins, in the doctor's time zone.
  date: localDate(new Date(now - 2 * LOAD_BACK_MS).toISOString().slice(0, 10)),
});

/** Later than the date of any slot. */
const LAST_DATE = localDate('9999-12-31');

const localInstantOf = ({ facts }: Doctor, { now, todayIn }: Horizon): LocalInstant => ({
  at: now,
  today: todayIn(facts.timeZone),
});

/** Whether a slot is past now. A slot is not past while its doctor is not in the engine. */
export function isPast(engine: AllocationEngine, slot: SlotFacts, horizon: Horizon): boolean {
  const doctor = engine.doctor(slot.doctorId);
  if (doctor === undefined) return false;
  const { at, today } = localInstantOf(doctor, horizon);
  return engine.isPast(slot, today, at);
}

/** Whether every slot of a doctor that is not past now is in the engine, if the doctor is. */
export function isComplete(engine: AllocationEngine, id: DoctorId, horizon: Horizon): boolean {
  const doctor = engine.doctor(id);
  return doctor === undefined || !engine.isIncomplete(id, localInstantOf(doctor, horizon));
}

/** Records that the slots of a doctor that are not past now are in the engine. */
export function setComplete(engine: AllocationEngine, id: DoctorId, horizon: Horizon): void {
  const doctor = engine.doctor(id);
  if (doctor !== undefined) engine.setComplete(id, localInstantOf(doctor, horizon));
}

/** Restores the slots that are not past, and those with a waiting token. The engine has their doctors already. */
export function restoreCurrentSlots(
  engine: AllocationEngine,
  slots: Iterable<StoredSlot>,
  horizon: Horizon,
): void {
  for (const slot of slots) {
    const hasWaiting = slot.tokens.some(({ status }) => status === 'WAITING');
    if (hasWaiting || !isPast(engine, slot.facts, horizon)) restoreSlot(engine, slot);
  }
}

/** The rows of a doctor from which `completeDoctor` restores. */
export interface DoctorRows {
  /** The doctor's day counters from this date on. */
  lastNumbers(doctorId: DoctorId, from: LocalDate): DoctorSnapshot['lastNumbers'];
  /** The slots of a doctor from one local date to another, both included, in the order in which they start. */
  slots(doctorId: DoctorId, from: LocalDate, to: LocalDate): readonly SlotFacts[];
  slot(id: SlotId): StoredSlot | undefined;
}

/**
 * Restores the slots that `isComplete` misses. Slots and counters in the engine stay, because they may be ahead of the
 * rows. A slot that is not in the engine has no change in flight, because only settled doctors are evicted: its rows are
 * current.
 */
export function completeDoctor(
  engine: AllocationEngine,
  id: DoctorId,
  horizon: Horizon,
  rows: DoctorRows,
): void {
  const { date } = loadBounds(horizon.now);
  engine.restoreNumbers(id, rows.lastNumbers(id, date));
  const isMissing = (slot: SlotFacts): boolean =>
    engine.slot(slot.id) === undefined && !isPast(engine, slot, horizon);
  const missing = rows.slots(id, date, LAST_DATE).filter(isMissing);
  const ids = missing.map((slot) => slot.id);
  loadSlots(engine, ids, (slotId) => rows.slot(slotId));
  setComplete(engine, id, horizon);
}

/** Restores a stored slot into the engine, which has its doctor already. */
export function restoreSlot(engine: AllocationEngine, stored: StoredSlot): void {
  const { facts, tokens, lastNumber } = stored;
  engine.restoreSlot(
    facts,
    tokens.map(({ id, doctorId, ...token }) => ({ ...token, tokenId: id })),
    lastNumber,
  );
}

/**
 * The slots that may take the ids of sessions, see `Scope.sessions`. A session that the doctor has already is left out,
 * because its ids were checked when the doctor got it, and years of its slots would be searched.
 */
export const foreignSlots = (
  engine: AllocationEngine,
  sessions: readonly SessionOfDoctor[],
  rows: { foreignSlot(session: SessionOfDoctor): SlotId | undefined },
): SlotId[] => newSessions(engine, sessions).flatMap((session) => rows.foreignSlot(session) ?? []);

/** Those of the sessions that their doctors do not have yet. */
export const newSessions = (
  engine: AllocationEngine,
  sessions: readonly SessionOfDoctor[],
): SessionOfDoctor[] =>
  sessions.filter(({ id, doctorId }) => engine.sessionDoctor(id)?.facts.id !== doctorId);

/** All doctors in the engine, in the order of their ids. */
export const doctorsById = ({ doctors }: AllocationEngine): DoctorFacts[] =>
  Array.from(doctors, ({ facts }) => facts).sort((a, b) => (a.id < b.id ? -1 : 1));

/** Restores slots that are not in the engine. A slot that is not stored, or whose doctor the engine does not have, is skipped. */
export function loadSlots(
  engine: AllocationEngine,
  ids: readonly SlotId[] | undefined,
  read: (id: SlotId) => StoredSlot | undefined,
): void {
  for (const id of ids ?? []) {
    const stored = engine.slot(id) === undefined ? read(id) : undefined;
    if (stored !== undefined && engine.doctor(stored.facts.doctorId) !== undefined)
      restoreSlot(engine, stored);
  }
}

/**
 * Restores a stored slot into an engine of its own, to read a slot that is over.
 * @param pages the live tokens of the slot
 */
export async function detachedSlot(
  { rules }: AllocationEngine,
  doctor: DoctorFacts,
  facts: SlotFacts,
  pages: Pages<StoredLiveToken>,
): Promise<Slot> {
  const engine = new AllocationEngine(rules);
  engine.restoreDoctor({
    facts: doctor,
    version: 0,
    lastArrival: 0,
    lastNumbers: [],
    breakUntil: null,
  });
  restoreSlot(engine, { facts, tokens: [], lastNumber: 0 });
  for await (const tokens of pages) restoreSlot(engine, { facts, tokens, lastNumber: 0 });
  const slot = engine.slot(facts.id);
  invariant(slot !== undefined, 'a restored slot is in the index');
  return slot;
}
