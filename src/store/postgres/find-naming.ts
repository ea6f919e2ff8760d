import type { PatientId, TokenId } from '../../engine/index.ts';
import { NAMING_KINDS } from '../change-rows.ts';
import type { NamingToken } from '../erasure.ts';
import { slotOf, type SlotRow } from '../rows.ts';
import { openStored } from './open.ts';
import { namesOf } from './statements.ts';

const KINDS = NAMING_KINDS.map((kind) => `'${kind}'`).join(', ');

const NAMING = `SELECT ${namesOf('slots')}, tokens.id AS token_id, doctors.time_zone,
    tokens.patient_id IS NOT DISTINCT FROM $1 AS is_current,
    (SELECT count(*) FROM changes WHERE token_id = tokens.id AND kind IN (${KINDS})
      AND (tokens.patient_id IS NOT DISTINCT FROM $1 OR data ->> 'patientId' = $1)) AS records
  FROM tokens JOIN slots ON slots.doctor_id = tokens.doctor_id AND slots.id = tokens.slot_id
    JOIN doctors ON doctors.id = tokens.doctor_id
  WHERE tokens.patient_id = $1 OR tokens.id IN (SELECT token_id FROM changes
    WHERE kind IN (${KINDS}) AND data ->> 'patientId' = $1)
  ORDER BY slots.date, tokens.id`;

type NamingRow = SlotRow & {
  readonly token_id: TokenId;
  readonly time_zone: string;
  readonly is_current: boolean;
  readonly records: number;
};

/**
 * The tokens in which a database, stopped or live, names a patient. All tokens and changes are searched.
 * @throws StoreOpenError when the database cannot be read, or has another version
 */
export async function findNaming(
  url: string,
  patientId: PatientId,
): Promise<readonly NamingToken[]> {
  const transaction = await openStored(url);
  try {
    const rows = (await transaction.send(NAMING, patientId)) as unknown as readonly NamingRow[];
    return rows.map((row) => ({
      tokenId: row.token_id,
      slot: slotOf(row),
      timeZone: row.time_zone,
      isCurrent: row.is_current,
      records: row.records,
    }));
  } finally {
    await transaction.close();
  }
}
