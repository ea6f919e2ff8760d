import { impliesCheckIn, type Change, type DoctorFacts } from '../../engine/index.ts';
import { responsesExpiredAt, type StoredResponse } from '../archive.ts';
import { changeRowOf } from '../change-rows.ts';
import type { Counters } from '../counters.ts';
import { dayRows, doctorRow, responseRow, sessionRows, slotRow, tokenRow } from '../rows.ts';
import type { Decision } from '../store.ts';
import { writtenColumnsOf, type Column, type TableName } from '../tables.ts';
import type { Operation, SqlValue } from './statements.ts';

/**
 * Makes the parameters of an INSERT of a table from a row. The row is read column by column, because no code
 * guarantees the order of the fields of a row.
 */
function valuesOf<Name extends TableName>(
  table: Name,
): (row: Partial<Readonly<Record<Column<Name>, SqlValue | boolean>>>) => SqlValue[] {
  const columns = writtenColumnsOf(table) as Column<Name>[];
  return (row) =>
    columns.map((name) => {
      const value: SqlValue | boolean | undefined = row[name];
      // SQLite has no booleans: 0 or 1 there.
      return typeof value === 'boolean' ? Number(value) : (value ?? null);
    });
}

const doctorValues = valuesOf('doctors');
const sessionValues = valuesOf('sessions');
const slotValues = valuesOf('slots');
const dayValues = valuesOf('days');
const tokenValues = valuesOf('tokens');
const changeValues = valuesOf('changes');
const responseValues = valuesOf('idempotency_keys');

// The doctor's own row is written with the counters of the batch.
const doctorOperations = (doctor: DoctorFacts): Operation[] => [
  ['endSessions', [doctor.id]],
  ...sessionRows(doctor).map((row): Operation => ['setSession', sessionValues(row)]),
];

function stateOperations(change: Change): Operation[] {
  switch (change.kind) {
    case 'doctor_set':
      return doctorOperations(change.doctor);
    case 'slot_set':
      return [['setSlot', slotValues(slotRow(change.slot))]];
    case 'booked':
      return [['addToken', tokenValues(tokenRow(change))]];
    case 'moved_out':
      // Where the token is now is written with the other half of the move, in the same transaction.
      return [];
    case 'moved_in':
      return [['moveToken', tokenValues(tokenRow(change))]];
    case 'reclassified':
      return [['setClass', [change.patientType, change.priority, change.tokenId]]];
    default:
      return [['setStatus', [change.to, Number(impliesCheckIn(change.to)), change.tokenId]]];
  }
}

const responseOperations = (response: StoredResponse): Operation[] => [
  ['deleteExpiredResponses', [responsesExpiredAt(response.at)]],
  ['storeResponse', responseValues(responseRow(response))],
];

/** What a command writes: state, change records, and the stored response if there is one. */
export const operationsOf = ({ changes, origin, response }: Decision<unknown>): Operation[] => [
  ...changes.flatMap((change): Operation[] => [
    ...stateOperations(change),
    ['addChange', changeValues(changeRowOf(change, origin))],
  ]),
  ...(response === null ? [] : responseOperations(response)),
];

/** What a batch writes for each doctor that it has changed: the doctor's row and the last numbers of the days. */
export const counterOperations = (counters: Counters): Operation[] => [
  ['setDoctor', doctorValues(doctorRow(counters))],
  ...dayRows(counters).map((row): Operation => ['setDay', dayValues(row)]),
];
