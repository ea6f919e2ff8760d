import { expect, it } from 'vitest';
import { doctorId, epochMs, HOSPITAL, type DoctorId } from '../../src/engine/index.ts';
import { DoctorFilter, EventBatch } from '../../src/service/event-batch.ts';
import type { PublicEvent } from '../../src/service/events.ts';
import { RAO, SEN } from '../support/engine/clinic.ts';

const eventOf = (id: string, doctor: DoctorId): PublicEvent => ({
  ...{ id, type: 'slot.changed', at: epochMs(0), doctorId: doctor, version: 1 },
  ...{ slotId: null, tokenId: null, token: null, room: null, oldStatus: null, newStatus: null },
  ...{ waitlistPosition: null, cause: null, breakUntil: null },
});

const BATCH = new EventBatch([
  eventOf('1', RAO),
  eventOf('2', HOSPITAL),
  eventOf('3', SEN),
  eventOf('4', doctorId('other')),
  eventOf('5', RAO),
]);

it.each<[string, DoctorId[] | null, string]>([
  ['all doctors', null, '12345'],
  ['one doctor', [RAO], '125'],
  ['two doctors', [SEN, RAO], '1235'],
  ['a doctor without events', [doctorId('quiet')], '2'],
  ['no doctor', [], '2'],
])(
  'a filter of %s passes their events and those of the hospital, in their order',
  (_, ids, passed) => {
    const filter = new DoctorFilter(ids && new Set(ids));
    expect(
      BATCH.of(filter)
        .events.map(({ id }) => id)
        .join(''),
    ).toBe(passed);
  },
);

it('equal filters get the same list, so that streams share the bytes of it', () => {
  const list = BATCH.of(new DoctorFilter(new Set([RAO, SEN])));
  expect(BATCH.of(new DoctorFilter(new Set([SEN, RAO])))).toBe(list);
  expect(BATCH.of(new DoctorFilter(new Set([SEN])))).not.toBe(list);
});

it('what is made of a list is made once for each key, and what is made of an event once for all lists', () => {
  const made: string[] = [];
  const make = (name: string) => () => {
    made.push(name);
    return name;
  };
  const lists = [[RAO], [RAO], [RAO, SEN]].map((ids) => BATCH.of(new DoctorFilter(new Set(ids))));
  for (const list of lists) {
    expect(list.ofAll('bytes', make('list'))).toBe('list');
    for (const event of list.events)
      expect(list.ofOne('frame', event, make(event.id))).toBe(event.id);
  }
  expect(made).toEqual(['list', '1', '2', '5', 'list', '3']);
  expect(lists[0]?.ofAll('other', make('other'))).toBe('other');
});
