import { describe, expect, it } from 'vitest';
import { parseBookings, type LineFault } from '../../src/booking-import/index.ts';

const HEADER = 'doctor_id,slot_id,patient_name,patient_type,patient_id';
const ASHA = {
  doctor_id: 'doc1',
  slot_id: 'doc1_slot1',
  patient_name: 'Rao, Asha',
  patient_type: 'WALK_IN',
};

describe('a list in CSV', () => {
  it('has a booking in each record, with quoted commas and line breaks, and each line number', () => {
    const text = `${HEADER}\r\ndoc1,doc1_slot1,"Rao, Asha",WALK_IN,\r\n\r\ndoc1,doc1_slot1,"Rao, Asha",WALK_IN,"MR ""1"""\r\n`;
    expect(parseBookings(text, 'csv')).toEqual({
      bookings: [
        { line: 2, booking: ASHA },
        { line: 4, booking: { ...ASHA, patient_id: 'MR "1"' } },
      ],
      faults: [],
    });
  });

  it('may have semicolons, other orders of the fields, and no last line break', () => {
    const text = 'patient_type;patient_name;slot_id;doctor_id\nWALK_IN;Rao, Asha;doc1_slot1;doc1';
    expect(parseBookings(text, 'csv')).toEqual({
      bookings: [{ line: 2, booking: ASHA }],
      faults: [],
    });
  });

  it.each<[string, string, LineFault[]]>([
    [
      'an unknown field in the first line',
      `${HEADER},patient_nam\n`,
      [{ line: 1, detail: expect.stringContaining('unknown field `patient_nam`') as string }],
    ],
    [
      'a missing field in the first line',
      'doctor_id,slot_id,patient_type\n',
      [{ line: 1, detail: 'the first line names the fields: missing field `patient_name`' }],
    ],
    [
      'a field that the first line names twice',
      `${HEADER},slot_id\n`,
      [{ line: 1, detail: 'the first line names slot_id twice' }],
    ],
    ['no booking', `${HEADER}\n\n`, [{ line: 1, detail: 'there is no booking' }]],
    [
      'several faults, after a record of two lines',
      `${HEADER}\nd,s,A,WALK_IN,"x\ny"\nd,s,A\nd,?,,WALK_IN,\n`,
      [
        { line: 2, detail: expect.stringContaining('patient_id: ') as string },
        { line: 4, detail: 'must have 5 fields, but has 3' },
        { line: 5, detail: 'missing field `patient_name`' },
        { line: 5, detail: expect.stringContaining('slot_id: ') as string },
      ],
    ],
    [
      'a quotation mark inside a field',
      `${HEADER}\nd,s,A "B",WALK_IN,\n`,
      [{ line: 2, detail: expect.stringContaining('quotation mark') as string }],
    ],
  ])('names the lines of %s', (_, text, faults) => {
    const found = parseBookings(text, 'csv').faults;
    const order = (a: LineFault, b: LineFault) => a.line - b.line || (a.detail < b.detail ? -1 : 1);
    expect(found.toSorted(order)).toEqual(faults);
  });
});

describe('a list in NDJSON', () => {
  it('has a booking in each line that is not empty', () => {
    const text = `${JSON.stringify(ASHA)}\n\n${JSON.stringify({ ...ASHA, patient_id: 'p' })}`;
    expect(parseBookings(text, 'ndjson')).toEqual({
      bookings: [
        { line: 1, booking: ASHA },
        { line: 3, booking: { ...ASHA, patient_id: 'p' } },
      ],
      faults: [],
    });
  });

  it.each<[string, string, string]>([
    ['no JSON', '{', 'must be a JSON object, such as {"doctor_id": "doc1", ...}'],
    ['a list', '[]', 'must be a JSON object'],
    ['an unknown field', JSON.stringify({ ...ASHA, age: 7 }), 'unknown field `age`'],
    ['a field twice', '{"slot_id":"a","slot_id":"b"}', 'slot_id: must be given once'],
  ])('names the line of %s', (_, line, detail) => {
    const { bookings, faults } = parseBookings(`${JSON.stringify(ASHA)}\n${line}\n`, 'ndjson');
    expect(bookings).toHaveLength(1);
    expect(faults).toContainEqual({ line: 2, detail: expect.stringContaining(detail) as string });
  });
});
