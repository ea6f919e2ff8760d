import { isDeepStrictEqual } from 'node:util';
import type { Doctor, Slot } from '../engine/index.ts';
import {
  type AuditSource,
  ROWS_PER_BATCH,
  type StoredDoctor,
  type StoredToken,
} from '../store/index.ts';
import type { Replay } from './replay.ts';

/** Where the tables of a doctor and what its change records come to differ. */
export async function differences(replay: Replay, source: AuditSource): Promise<string[]> {
  if (replay.faults.length > 0) return [];
  const id = replay.doctorId;
  const faults = await tokenDifferences([...replay.tokens.values()], source);
  const doctor = replay.engine.doctor(id);
  const kept = await source.doctor(id);
  if (doctor === undefined || kept === undefined) return [...faults, `doctor ${id}: is not kept`];
  return [...faults, ...doctorDifferences(doctor, kept)];
}

async function tokenDifferences(
  tokens: readonly StoredToken[],
  source: AuditSource,
): Promise<string[]> {
  const faults: string[] = [];
  for (let start = 0; start < tokens.length; start += ROWS_PER_BATCH) {
    const batch = tokens.slice(start, start + ROWS_PER_BATCH);
    const rows = await source.tokens(batch.map(({ id }) => id));
    const kept = new Map(rows.map((row) => [row.id, row]));
    for (const token of batch)
      if (!isDeepStrictEqual(kept.get(token.id), token))
        faults.push(`token ${token.id}: ${describeDifference(kept.get(token.id), token)}`);
  }
  return faults;
}

function doctorDifferences(doctor: Doctor, kept: StoredDoctor): string[] {
  const name = `doctor ${doctor.facts.id}`;
  const { version, lastArrival, facts } = doctor;
  const faults: string[] = [];
  if (
    !isDeepStrictEqual([kept.facts, kept.version, kept.lastArrival], [facts, version, lastArrival])
  )
    faults.push(`${name}: its row or its sessions are not what its change records come to`);
  for (const day of new Set(doctor.slots.map((slot: Slot) => slot.day))) {
    const last = kept.lastNumbers.find(([date]) => date === day.date)?.[1] ?? 0;
    if (last !== day.lastNumber) faults.push(`${name}: the last number of ${day.date} is not kept`);
  }
  const slots = new Map(kept.slots.map((slot) => [slot.id, slot]));
  for (const slot of doctor.slots)
    if (!isDeepStrictEqual(slots.get(slot.facts.id), slot.facts))
      faults.push(`slot ${slot.facts.id}: is not what its change records come to`);
  if (slots.size !== doctor.slots.length) faults.push(`${name}: has a slot without change record`);
  return faults;
}

function describeDifference(kept: StoredToken | undefined, token: StoredToken): string {
  if (kept === undefined) return 'is missing from the table';
  const names = Object.keys(token) as (keyof StoredToken)[];
  const different = names.filter((name) => kept[name] !== token[name]);
  // A patient's name is told to nobody, not even here.
  const values = different.map((name) =>
    name === 'patientName' || name === 'patientId'
      ? name
      : `${name} is ${String(kept[name])}, by its change records ${String(token[name])}`,
  );
  return `differs from its change records: ${values.join('; ')}`;
}
