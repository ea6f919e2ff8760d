import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';
import type { PatientId, TokenId } from '../../engine/index.ts';
import { NAMING_KINDS } from '../change-rows.ts';
import type { ErasureRequest, NamingToken } from '../erasure.ts';
import { slotOf, type SlotRow } from '../rows.ts';
import { openCurrent } from './open-read-only.ts';
import { openForWriting, writing } from './open.ts';
import { namesOf, stepsOf } from './statements.ts';

/** Milliseconds between two looks for the answer of the owner. */
const ANSWER_POLL_MS = 100;

const KINDS = NAMING_KINDS.map((kind) => `'${kind}'`).join(', ');

const NAMING = `SELECT ${namesOf('slots')}, found.id AS token_id, doctors.time_zone,
    found.patient_id IS ?1 AS is_current,
    (SELECT count(*) FROM changes WHERE position IN (${stepsOf('tokens.id = found.id')})
      AND kind IN (${KINDS})
      AND (found.patient_id IS ?1 OR data ->> '$.patientId' IS ?1)) AS records
  FROM tokens AS found JOIN slots ON slots.id = found.slot_id JOIN doctors ON doctors.id = found.doctor_id
  WHERE found.patient_id = ?1 OR found.id IN (SELECT token_id FROM changes
    WHERE kind IN (${KINDS}) AND data ->> '$.patientId' = ?1)
  ORDER BY slots.date, found.id`;

type NamingRow = SlotRow & {
  readonly token_id: TokenId;
  readonly time_zone: string;
  readonly is_current: number;
  readonly records: number;
};

/**
 * The tokens in which a database file, stopped or live, names a patient. All tokens and changes are searched.
 * @throws StoreOpenError when there is no database of this program and its version
 */
export function findNaming(path: string, patientId: PatientId): readonly NamingToken[] {
  const database = openCurrent(path);
  try {
    const rows = database.prepare(NAMING).all(patientId) as unknown as NamingRow[];
    return rows.map((row) => ({
      tokenId: row.token_id,
      slot: slotOf(row),
      timeZone: row.time_zone,
      isCurrent: row.is_current === 1,
      records: row.records,
    }));
  } finally {
    database.close();
  }
}

/**
 * Asks the process that owns a database file to erase, and waits for its answer.
 * @returns the answer; undefined when none came in time, and then the request is withdrawn
 * @throws StoreOpenError when the file cannot be written
 */
export async function askOwner(
  path: string,
  request: ErasureRequest,
  timeoutMs: number,
): Promise<string | undefined> {
  const database = writing(path, () => openForWriting(path));
  try {
    const id = writing(path, () => insertRequest(database, request));
    const deadlineMs = performance.now() + timeoutMs;
    const answer = database.prepare('SELECT answer FROM erasures WHERE id = ?');
    while (answer.get(id)?.['answer'] === null && performance.now() < deadlineMs)
      await delay(ANSWER_POLL_MS);
    return writing(path, () => takeAnswer(database, id));
  } finally {
    database.close();
  }
}

function insertRequest(database: DatabaseSync, request: ErasureRequest): number {
  const insert = database.prepare('INSERT INTO erasures (request) VALUES (?)');
  return Number(insert.run(JSON.stringify(request)).lastInsertRowid);
}

/** Deletes a request with its answer, and empties the log, in which both were. */
function takeAnswer(database: DatabaseSync, id: number): string | undefined {
  const row = database.prepare('DELETE FROM erasures WHERE id = ? RETURNING answer').get(id);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return (row?.['answer'] ?? undefined) as string | undefined;
}

/**
 * Writes a database file anew, so that nothing is left in it of what rows were before. It takes as long, and as much
 * space beside the file, as the file is large.
 * @throws StoreOpenError when it cannot be written
 */
export function rewrite(path: string): void {
  writing(path, () => {
    const database = openForWriting(path);
    try {
      database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      database.close();
    }
  });
}
