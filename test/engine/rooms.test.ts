import { describe, expect, it } from 'vitest';
import type { CallNext } from '../../src/engine/index.ts';
import { accepted, Clinic, type Setup } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';

const clinicWith = (rooms: number, people: string, setup: Setup = {}): Clinic =>
  new Clinic({ doctor: { rooms }, slot: { capacity: 9 }, people, ...setup });

const busy = (tokenId: string) => ({
  ok: false,
  refusal: { code: 'consultation_in_progress', tokenId },
});

describe('R19 as many patients as rooms are in consultation at once', () => {
  it.each<[fact: string, rooms: number, people: string, room: string | null, occupant: string]>([
    ['one room is in use', 1, 'W1:IN_CONSULTATION', null, 'W1'],
    ['the only room is in use, whatever its name', 1, 'W1:IN_CONSULTATION@A', 'B', 'W1'],
    ['both rooms are in use', 2, 'W1:IN_CONSULTATION@A W2:IN_CONSULTATION@B', null, 'W1'],
    [
      'both rooms are in use, and the patient in the named one is told',
      2,
      'W1:IN_CONSULTATION@A W2:IN_CONSULTATION@B',
      'B',
      'W2',
    ],
    ['the named room is in use', 3, 'W1:IN_CONSULTATION W2:IN_CONSULTATION@B', 'B', 'W2'],
  ])('%s: no patient is called or started', (_, rooms, people, room, occupant) => {
    const clinic = clinicWith(rooms, `${people} W9:CHECKED_IN`);
    const before = snapshotOf(clinic.engine);
    expect(clinic.callNext({ room })).toEqual(busy(occupant));
    expect(clinic.start('W9', { room })).toEqual(busy(occupant));
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it.each<[fact: string, rooms: number, people: string, room: string | null]>([
    ['a second room is free', 2, 'W1:IN_CONSULTATION', null],
    ['the named room is free', 2, 'W1:IN_CONSULTATION@A', 'B'],
    ['a patient of the earlier slot has not named the room', 2, 'W1:IN_CONSULTATION', 'A'],
  ])('%s: the patient is called, and the room goes on record', (_, rooms, people, room) => {
    const call = () => clinicWith(rooms, `${people} W9:CHECKED_IN`);
    const calling = call();
    expect(accepted(calling.callNext({ room })).changes).toMatchObject([
      { kind: 'started', tokenId: 'W9', room },
    ]);
    expect(calling.token('W9').room).toBe(room);
    const starting = call();
    expect(accepted(starting.start('W9', { room })).changes).toMatchObject([
      { kind: 'started', tokenId: 'W9', room },
    ]);
  });

  it('rooms count over all slots of the doctor, and another doctor has rooms of his own', () => {
    const more = [place('ten', 'W2:IN_CONSULTATION@A'), place('sen', 'W3:CHECKED_IN')];
    const clinic = clinicWith(1, 'W1:CHECKED_IN', { more });
    expect(clinic.start('W1')).toEqual(busy('W2'));
    expect(clinic.start('W3', { room: 'A' }).ok).toBe(true);
  });

  it('a later call without a room forgets the room before it', () => {
    const clinic = clinicWith(1, 'W1:CHECKED_IN');
    clinic.callNext({ room: 'A' });
    clinic.undo('W1');
    clinic.callNext();
    expect(clinic.token('W1')).toMatchObject({ status: 'IN_CONSULTATION', room: null });
  });
});

describe('R19 the current patient, whom a call completes or skips', () => {
  const both = 'W1:IN_CONSULTATION@A W2:IN_CONSULTATION@B';
  type Row = [fact: string, rooms: number, people: string, room: string | null, records: string[]];
  const rows: Row[] = [
    ['is the only one with one room', 1, 'W1:IN_CONSULTATION@A', 'B', ['W1', 'W9']],
    ['is the one in the named room', 2, both, 'B', ['W2', 'W9']],
    ['is the only one when no room is named', 2, 'W1:IN_CONSULTATION@A', null, ['W1', 'W9']],
    ['is nobody when the named room is free', 2, 'W1:IN_CONSULTATION@A', 'B', ['W9']],
    ['is nobody when several are in rooms and none is named', 3, both, null, ['W9']],
  ];
  const cases = rows.flatMap((row) =>
    (['completed', 'skipped'] as const).map((current) => ({ row, current })),
  );

  it.each(cases)('%o', ({ row: [, rooms, people, room, touched], current }) => {
    const clinic = clinicWith(rooms, `${people} W9:CHECKED_IN`);
    const kinds = touched.map((name) => `${name === 'W9' ? 'started' : current} ${name}`);
    expect(recordsOf(clinic.callNext({ room, current }))).toEqual(kinds);
  });

  it.each<[string, Partial<CallNext>, occupant: string]>([
    ['without a room, with two in two rooms, none is meant', {}, 'W1'],
    ['in a room that has no patient, all rooms are in use', { room: 'C' }, 'W1'],
  ])('%s: the call is refused', (_, command, occupant) => {
    const clinic = clinicWith(2, `${both} W9:CHECKED_IN`);
    expect(clinic.callNext({ current: 'completed', ...command })).toEqual(busy(occupant));
  });
});
