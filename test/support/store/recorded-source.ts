import {
  isTokenChange,
  type AllocationEngine,
  type Change,
  type DoctorId,
  type TokenChange,
  type TokenId,
} from '../../../src/engine/index.ts';
import type { AuditSource, StoredDoctor, StoredToken } from '../../../src/store/index.ts';
import { foldToken } from '../../../src/store/fold.ts';

/** What the audit reads, without a database: the changes of an engine, in their order, and what the engine holds. */
export function recordedSource(changes: readonly Change[], engine: AllocationEngine): AuditSource {
  const tokens = Map.groupBy(changes.filter(isTokenChange), ({ tokenId }) => tokenId);
  const ofDoctor = (id: DoctorId) => changes.filter(({ doctorId }) => doctorId === id);
  const doctorIds = Array.from(engine.doctors, ({ facts }) => facts.id);
  const stepsOf = (ids: readonly TokenId[]): readonly TokenChange[] =>
    ids.flatMap((id) => tokens.get(id) ?? []);
  return {
    doctorIds: () => Promise.resolve(doctorIds),
    changes: () => doctorIds.map(ofDoctor),
    changesOf: (id) => Promise.resolve(ofDoctor(id)),
    doctor: (id) => Promise.resolve(storedDoctor(engine, id)),
    tokens: (ids) => Promise.resolve(ids.flatMap((id) => folded(tokens.get(id) ?? []) ?? [])),
    steps: (ids) =>
      Promise.resolve(
        stepsOf(ids).map((change) => ({
          change,
          date: engine.slot(change.slotId)?.facts.date ?? null,
        })),
      ),
    orphanTokens: () => Promise.resolve([]),
    brokenHistories: () => Promise.resolve([]),
    doubledNumbers: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

const folded = (changes: readonly TokenChange[]): StoredToken | undefined =>
  changes.reduce<StoredToken | undefined>(foldToken, undefined);

function storedDoctor(engine: AllocationEngine, id: DoctorId): StoredDoctor | undefined {
  const doctor = engine.doctor(id);
  return doctor && { ...doctor.snapshot(), slots: doctor.slots.map(({ facts }) => facts) };
}
