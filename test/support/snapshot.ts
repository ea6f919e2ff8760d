import {
  AllocationEngine,
  type Doctor,
  type DoctorSnapshot,
  type EngineRules,
  type SlotFacts,
  type Token,
  type TokenSnapshot,
} from '../../src/engine/index.ts';

export interface SlotSnapshot {
  readonly facts: SlotFacts;
  readonly seated: number;
  readonly waiting: number;
  /** In rank order: those who hold a seat, then those who wait. */
  readonly tokens: readonly TokenSnapshot[];
}

export interface Snapshot {
  readonly doctor: DoctorSnapshot;
  readonly slots: readonly SlotSnapshot[];
}

/** Everything an engine knows: two engines with equal snapshots are in the same state. */
export const snapshotOf = (engine: AllocationEngine): Snapshot[] =>
  [...engine.doctors].map((doctor) => ({
    doctor: doctorSnapshot(doctor),
    slots: doctor.slots.map((slot) => ({
      facts: slot.facts,
      seated: slot.seated,
      waiting: slot.waiting,
      tokens: [...slot.seatedTokens(), ...slot.waitlist()].map(tokenSnapshot),
    })),
  }));

const doctorSnapshot = ({ facts, version, lastArrival, slots }: Doctor): DoctorSnapshot => ({
  facts,
  version,
  lastArrival,
  lastNumbers: slots.map(({ day }) => [day.date, day.lastNumber]),
});

const tokenSnapshot = (token: Token): TokenSnapshot => ({
  tokenId: token.id,
  slotId: token.slot.facts.id,
  patientName: token.patientName,
  patientId: token.patientId,
  patientType: token.patientClass.type,
  arrival: token.arrival,
  number: token.number,
  to: token.status as TokenSnapshot['to'],
  present: token.present,
  at: token.bookedAt,
});

/** An engine in that state, as a store brings it back after a restart. */
export function restored(snapshot: readonly Snapshot[], rules: EngineRules): AllocationEngine {
  const engine = new AllocationEngine(rules);
  for (const { doctor, slots } of snapshot) {
    engine.restoreDoctor(doctor);
    for (const { facts, tokens } of slots) engine.restoreSlot(facts, tokens);
  }
  return engine;
}
