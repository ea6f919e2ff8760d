import { expect, it } from 'vitest';
import { pointerStep, wordsOf, type Finding, type ValueSchema } from '../../src/service/index.ts';

const KNOWN = ['doctor_id', 'slot_id', 'patient_name', 'patient_type'];

it.each<[field: string, known: string[], words: string]>([
  ['patientname', KNOWN, 'unknown field `patientname`; did you mean `patient_name`?'],
  ['Patient-Name', KNOWN, 'unknown field `Patient-Name`; did you mean `patient_name`?'],
  ['patient_nmae', KNOWN, 'unknown field `patient_nmae`; did you mean `patient_name`?'],
  [
    'priority',
    KNOWN,
    'unknown field `priority`; known are doctor_id, slot_id, patient_name, patient_type',
  ],
  ['x', ['y'], 'unknown field `x`; known are y'],
  ['', ['y'], 'unknown field ``; known are y'],
  ['page', [], 'unknown field `page`; no field is expected here'],
])('an unknown field %j of %j is named, with the field that it may mean', (field, known, words) => {
  expect(wordsOf({ kind: 'unknown', field, known })).toBe(words);
});

it('a missing field is named', () => {
  expect(wordsOf({ kind: 'missing', field: 'slot_id' })).toBe('missing field `slot_id`');
});

const DAYS = { anyOf: [{ const: 'mon' }, { const: 'tue' }, { const: 'wed' }] };
const CLASSES = { type: 'string', enum: ['EMERGENCY', 'WALK_IN'] };

it.each<[schema: ValueSchema, value: unknown, words: string]>([
  [CLASSES, 'EMERGANCY', 'must be one of EMERGENCY, WALK_IN; did you mean `EMERGENCY`?'],
  [CLASSES, 'walk-in', 'must be one of EMERGENCY, WALK_IN; did you mean `WALK_IN`?'],
  [CLASSES, 100, 'must be one of EMERGENCY, WALK_IN'],
  [DAYS, 'tues', 'must be one of mon, tue, wed; did you mean `tue`?'],
  [{ const: 'ok' }, 'no', 'must be ok'],
  [{ type: 'integer' }, 1.5, 'must be a whole number'],
  [{ type: 'integer', minimum: 1, maximum: 10_000 }, 0, 'must be a whole number from 1 to 10,000'],
  [{ type: 'integer', minimum: 0 }, -1, 'must be a whole number, 0 or more'],
  [{ type: 'number', maximum: 5 }, 6, 'must be a number, 5 or less'],
  [
    { type: 'integer', minimum: 0 },
    '3',
    'must be a whole number, 0 or more, without quotation marks',
  ],
  [{ type: 'boolean' }, 1, 'must be true or false'],
  [{ type: 'boolean' }, 'true', 'must be true or false, without quotation marks'],
  [{ type: 'array', minItems: 1, maxItems: 7 }, [], 'must be a list of 1 to 7 items'],
  [{ type: 'array', minItems: 1 }, [], 'must be a list of 1 or more items'],
  [{ type: 'array', maxItems: 7 }, {}, 'must be a list of at most 7 items'],
  [{ type: 'array' }, null, 'must be a list'],
  [{ type: 'object' }, [], 'must be a JSON object'],
  [
    { type: 'object', minProperties: 1, properties: { capacity: {}, delay_minutes: {} } },
    {},
    'must be a JSON object with at least one of capacity, delay_minutes',
  ],
  [{ type: 'string' }, 1, 'must be text'],
  [{ type: 'string', minLength: 1, maxLength: 64 }, '', 'must be text of 1 to 64 characters'],
  [{ type: 'string', description: '`HH:MM`. The start.' }, '9', 'must be text: `HH:MM`'],
  [{ type: 'string', description: 'Letters and `.`.' }, '9', 'must be text: letters and `.`'],
  [{ type: 'string', description: 'RFC 3339' }, 5, 'must be text: RFC 3339'],
  [
    { type: 'string', format: 'date-time', description: 'When it ends.' },
    'noon',
    'must be a date and time with its offset from UTC (RFC 3339), such as 2026-11-23T09:00:00Z',
  ],
])('the fault names what the schema %j expects instead of %j', (schema, value, words) => {
  expect(wordsOf({ kind: 'wrong', schema, value } satisfies Finding)).toBe(words);
});

it('a step of a JSON Pointer is escaped as RFC 6901 says', () => {
  expect(pointerStep('a/b~1')).toBe('/a~1b~01');
});
