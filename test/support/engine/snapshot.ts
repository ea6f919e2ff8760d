import {
  AllocationEngine,
  Slot,
  type DoctorSnapshot,
  type EngineRules,
  type RestoredToken,
  type SlotFacts,
  type Token,
} from '../../../src/engine/index.ts';
import { Doctor } from '../../../src/engine/doctor.ts';

export interface SlotSnapshot {
  readonly facts: SlotFacts;
  readonly seated: number;
  readonly waiting: number;
  /** The seated tokens in rank order, then the waiting ones, then those that are over. */
  readonly tokens: readonly RestoredToken[];
}

export interface Snapshot {
  readonly doctor: DoctorSnapshot;
  readonly slots: readonly SlotSnapshot[];
  readonly inConsultation: readonly string[];
}

/** Everything an engine knows: two engines with equal snapshots are in the same state. */
export const snapshotOf = (engine: AllocationEngine): Snapshot[] =>
  [...engine.doctors].map((doctor) => ({
    doctor: doctorSnapshot(doctor),
    slots: doctor.slots.map(slotSnapshot),
    inConsultation: Array.from(doctor.inConsultation, ({ id }) => id).sort(),
  }));

/** Everything an engine knows of a slot. */
export const slotSnapshot = (slot: Slot): SlotSnapshot => ({
  facts: slot.facts,
  seated: slot.seated,
  waiting: slot.waiting,
  tokens: [...slot.seatedTokens(), ...slot.waitlist(), ...overOf(slot)].map(tokenSnapshot),
});

/** The tokens that are over, in the order of their ids, because the slot has no order for them. */
const overOf = (slot: Slot): Token[] => [...slot.over()].sort((a, b) => (a.id < b.id ? -1 : 1));

/** Everything an engine knows of a doctor but the slots. */
export const doctorSnapshot = ({
  facts,
  version,
  lastArrival,
  breakUntil,
  slots,
}: Doctor): DoctorSnapshot => ({
  facts,
  version,
  lastArrival,
  breakUntil,
  lastNumbers: slots.map(({ day }) => [day.date, day.lastNumber]),
});

const tokenSnapshot = (token: Token): RestoredToken => ({
  tokenId: token.id,
  slotId: token.slot.facts.id,
  patientName: token.patientName,
  patientId: token.patientId,
  patientType: token.patientClass.type,
  priority: token.patientClass.priority,
  arrival: token.arrival,
  number: token.number,
  bookedAt: token.bookedAt,
  status: token.status,
  hasCheckedIn: token.hasCheckedIn,
  room: token.room,
  last: token.last,
});

/** An engine in this state, restored as a store does it after a restart. */
export function restored(snapshot: readonly Snapshot[], rules: EngineRules): AllocationEngine {
  const engine = new AllocationEngine(rules);
  for (const { doctor, slots } of snapshot) {
    engine.restoreDoctor(doctor);
    for (const { facts, tokens } of slots) engine.restoreSlot(facts, tokens);
  }
  return engine;
}

/** An engine's answer as plain data: doctors, slots and tokens are replaced by snapshots. */
export function plain(value: unknown): unknown {
  if (value instanceof Doctor) return doctorSnapshot(value);
  if (value instanceof Slot) return slotSnapshot(value);
  if (isToken(value)) return tokenSnapshot(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

const isToken = (value: unknown): value is Token =>
  typeof value === 'object' && value !== null && 'patientClass' in value;
