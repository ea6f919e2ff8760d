import { isDeepStrictEqual } from 'node:util';
import type { Doctor, Slot } from '../engine/index.ts';
import {
  type AuditSource,
  ROWS_PER_BATCH,
  type StoredDoctor,
  type StoredToken,
} from '../store/index.ts';
import type { Replay } from './replay.ts';

/** Compares the tables of a doctor with the result of its replay; compares nothing when the replay found a fault. */
export async function differences(replay: Replay, source: AuditSource): Promise<string[]> {
  if (replay.faults.length > 0) return [];
  const id = replay.doctorId;
  const faults = await tokenDifferences([...replay.tokens.values()], source);
  const doctor = replay.engine.doctor(id);
  const stored = await source.doctor(id);
  if (doctor === undefined || stored === undefined)
    return [...faults, `doctor ${id}: is missing from the table`];
  return [...faults, ...doctorDifferences(doctor, stored)];
}

async function tokenDifferences(
  tokens: readonly StoredToken[],
  source: AuditSource,
): Promise<string[]> {
  const faults: string[] = [];
  for (let start = 0; start < tokens.length; start += ROWS_PER_BATCH) {
    const batch = tokens.slice(start, start + ROWS_PER_BATCH);
    const rows = await source.tokens(batch.map(({ id }) => id));
    const stored = new Map(rows.map((row) => [row.id, row]));
    for (const token of batch)
      if (!isDeepStrictEqual(stored.get(token.id), token))
        faults.push(`token ${token.id}: ${describeDifference(stored.get(token.id), token)}`);
  }
  return faults;
}

function doctorDifferences(doctor: Doctor, stored: StoredDoctor): string[] {
  const name = `doctor ${doctor.facts.id}`;
  const { version, lastArrival, breakUntil, facts } = doctor;
  const faults: string[] = [];
  if (
    !isDeepStrictEqual(
      [stored.facts, stored.version, stored.lastArrival, stored.breakUntil],
      [facts, version, lastArrival, breakUntil],
    )
  )
    faults.push(`${name}: its row or its sessions differ from its change records`);
  for (const day of new Set(doctor.slots.map((slot: Slot) => slot.day))) {
    const last = stored.lastNumbers.find(([date]) => date === day.date)?.[1] ?? 0;
    if (last !== day.lastNumber)
      faults.push(`${name}: the last number of ${day.date} differs from its change records`);
  }
  const slots = new Map(stored.slots.map((slot) => [slot.id, slot]));
  for (const slot of doctor.slots)
    if (!isDeepStrictEqual(slots.get(slot.facts.id), slot.facts))
      faults.push(`slot ${slot.facts.id}: differs from its change records`);
  if (slots.size !== doctor.slots.length) faults.push(`${name}: has a slot without change record`);
  return faults;
}

function describeDifference(stored: StoredToken | undefined, token: StoredToken): string {
  if (stored === undefined) return 'is missing from the table';
  const names = Object.keys(token) as (keyof StoredToken)[];
  const different = names.filter((name) => wordsOf(stored[name]) !== wordsOf(token[name]));
  // The name and the id of a patient are not printed, because they are confidential.
  const values = different.map((name) =>
    name === 'patientName' || name === 'patientId'
      ? name
      : `${name} is ${wordsOf(stored[name])}, by its change records ${wordsOf(token[name])}`,
  );
  return `differs from its change records: ${values.join('; ')}`;
}

const wordsOf = (value: StoredToken[keyof StoredToken]): string =>
  typeof value === 'object' && value !== null ? `${value.kind} from ${value.from}` : String(value);
