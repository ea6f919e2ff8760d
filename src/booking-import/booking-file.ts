import { Type, type Static } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { CsvError, parse } from 'csv-parse/sync';
import {
  duplicateFieldsOf,
  findingsOf,
  Id,
  lastStepOf,
  Name,
  PatientIdText,
  wordsOf,
} from '../service/index.ts';

/** A booking as `POST /bookings` takes it. The server knows the classes, so any text is a class here. */
export const BookingRow = Type.Object(
  {
    doctor_id: Id,
    slot_id: Id,
    patient_name: Name,
    patient_type: Type.String({ minLength: 1 }),
    patient_id: Type.Optional(PatientIdText),
  },
  { additionalProperties: false },
);
export type BookingRow = Static<typeof BookingRow>;

/** A booking and the line of the file on which it begins, from 1 on. */
export interface BookingLine {
  readonly line: number;
  readonly booking: BookingRow;
}

/** What is wrong with a line of the file, from 1 on. */
export interface LineFault {
  readonly line: number;
  readonly detail: string;
}

export interface BookingFile {
  readonly bookings: readonly BookingLine[];
  readonly faults: readonly LineFault[];
}

export type BookingFormat = 'csv' | 'ndjson';

/** A value of a line before it is checked. */
interface RawLine {
  readonly line: number;
  readonly value: unknown;
}

/** A fault because of which a line, or the rest of the file, has no value. */
class LineError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads the text of a list of bookings: CSV whose first line names the fields of `POST /book`, separated by commas or
 * semicolons, or one JSON object a line. Empty lines are left out.
 * @returns the bookings and all faults, by line
 */
export function parseBookings(text: string, format: BookingFormat): BookingFile {
  const bookings: BookingLine[] = [];
  const faults: LineFault[] = [];
  try {
    for (const { line, value } of format === 'csv' ? csvLines(text) : ndjsonLines(text)) {
      const found = value instanceof LineError ? [value.message] : faultsOf(value);
      if (found.length === 0) bookings.push({ line, booking: Value.Decode(BookingRow, value) });
      for (const detail of found) faults.push({ line, detail });
    }
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    faults.push({ line: error.line, detail: error.message });
  }
  if (bookings.length + faults.length === 0)
    faults.push({ line: 1, detail: 'there is no booking' });
  return { bookings, faults };
}

/** What the schema finds wrong with a booking, in words. */
function faultsOf(value: unknown): string[] {
  return Array.from(findingsOf(BookingRow, value), ([pointer, finding]) =>
    finding.kind === 'wrong' && pointer !== ''
      ? `${lastStepOf(pointer)}: ${wordsOf(finding)}`
      : wordsOf(finding),
  );
}

function* ndjsonLines(text: string): Iterable<RawLine> {
  for (const [index, json] of text.split(/\r?\n/).entries())
    if (json.trim() !== '') yield { line: index + 1, value: jsonOf(json, index + 1) };
}

function jsonOf(text: string, line: number): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    return new LineError(line, 'must be a JSON object, such as {"doctor_id": "doc1", ...}');
  }
  const [duplicate] = duplicateFieldsOf(text, value);
  return duplicate === undefined
    ? value
    : new LineError(line, `${lastStepOf(duplicate.pointer)}: ${duplicate.detail}`);
}

/** A record of a CSV file, and how many lines have been read at its end. */
interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** @throws LineError when the first line does not name the fields, or the file is not CSV from a line on */
function* csvLines(text: string): Iterable<RawLine> {
  const [header, ...records] = csvRecords(text);
  const fields = fieldsOf(header?.record ?? []);
  let end = header?.info.lines ?? 1;
  for (const { record, info } of records) {
    const line = end + 1;
    end = info.lines;
    if (record.every((cell) => cell.trim() === '')) continue;
    const cells = new Map(fields.map((field, index) => [field, record[index]]));
    // An empty cell is a field that is left out.
    for (const [field, cell] of cells) if (cell === '') cells.delete(field);
    const value: unknown =
      record.length === fields.length
        ? Object.fromEntries(cells)
        : new LineError(line, `must have ${fields.length} fields, but has ${record.length}`);
    yield { line, value };
  }
}

function csvRecords(text: string): CsvRecord[] {
  const [first = ''] = text.split(/[\r\n]/, 1);
  try {
    return parse(text, {
      delimiter: first.includes(';') && !first.includes(',') ? ';' : ',',
      info: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
    }) as unknown as CsvRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new LineError(
      Number(error['lines']),
      'a quotation mark is out of place: a field that has one, a comma or a line break is written "in ""quotes"""',
    );
  }
}

/**
 * The fields that the first line of a CSV file names.
 * @throws LineError when a field is unknown, missing or named twice
 */
function fieldsOf(header: readonly string[]): readonly string[] {
  const fields = header.map((field) => field.trim());
  const sample = Object.fromEntries(fields.map((field) => [field, '']));
  const fault = Array.from(findingsOf(BookingRow, sample).values()).find(
    ({ kind }) => kind !== 'wrong',
  );
  if (fault !== undefined)
    throw new LineError(1, `the first line names the fields: ${wordsOf(fault)}`);
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) throw new LineError(1, `the first line names ${twice} twice`);
  return fields;
}
