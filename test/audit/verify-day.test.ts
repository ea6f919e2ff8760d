import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { slotId, type EpochMs, type LocalDate } from '../../src/engine/index.ts';
import { clock, NOW, RAO, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import {
  dayOf,
  faultsAfter,
  faultsOf,
  setChanges,
  setData,
  setToken,
  withoutChanges,
} from '../support/store/damage.ts';
import type { FrontDesk } from '../support/store/front-desk.ts';

/** The day at the desk, the SQL that damages its database, and the fault that must be found. */
type Damage = readonly [
  what: string,
  play: (desk: FrontDesk) => Promise<void>,
  sql: string,
  fault: RegExp,
];

/** A day with these commands, one after another, in the slots of `FrontDesk.openSlots`. */
const day =
  (...commands: readonly ((desk: FrontDesk) => Promise<void>)[]) =>
  async (desk: FrontDesk): Promise<void> => {
    await desk.openSlots();
    for (const command of commands) await command(desk);
  };

const admit = (slot: string, names: string) => (desk: FrontDesk) => desk.admit(slot, names);
const checkIn = (names: string) => (desk: FrontDesk) => desk.checkIn(names);
const start = (name: string) => (desk: FrontDesk) => desk.start(name);
const complete = (name: string) => (desk: FrontDesk) => desk.complete(name);
const move = (name: string, slot: string) => (desk: FrontDesk) => desk.move(name, slot);
const reclassify = (name: string, type: string) => (desk: FrontDesk) => desk.reclassify(name, type);
const revise = (slot: string, seats: number) => (desk: FrontDesk) => desk.revise(slot, seats);
const close = (slot: string, to?: string) => (desk: FrontDesk) => desk.close(slot, to);
/** A slot that ends on the next day. */
const NIGHT = { id: slotId('night'), startTime: clock(23), endTime: clock(26), capacity: 2 };

const expire = async (desk: FrontDesk): Promise<void> => {
  desk.at = clock(11);
  await desk.passTime();
};

/** Tests that each damage to a clean database is found. */
const itFinds = (damages: readonly Damage[]): void =>
  it.each(damages)('%s is found', async (_, play, sql, fault) => {
    expect(await faultsAfter(play, sql)).toMatch(fault);
  });

it('a day with every kind of change is clean', async () => {
  const { desk, path } = await dayOf(
    day(
      admit('nine', 'W1 W2 W3 E1'),
      checkIn('W1'),
      start('E1'),
      complete('E1'),
      move('W1', 'other'),
      move('W1', 'ten'),
      reclassify('W3', 'FOLLOW_UP'),
      (front) => front.leave('W3'),
      (front) => front.noShow('W2'),
      admit('nine', 'F1 F2'),
      checkIn('F1'),
      (front) => front.skip('F1'),
      (front) => front.undo('F1'),
      (front) => front.pause(RAO, 15),
      close('other'),
      (front) => front.reopen('other'),
      expire,
    ),
  );
  await desk.store.close();
  const database = new DatabaseSync(path);
  const kinds = database.prepare('SELECT DISTINCT kind FROM changes').all();
  database.close();
  expect(kinds).toHaveLength(17);
  expect(await faultsOf(path)).toEqual([]);
});

/** A day on which Dr Rao sees two patients of a slot, one after another, at an instant of `today`. */
const twoSeen = (slot: string, at: EpochMs, today: LocalDate) =>
  day(
    (desk) => desk.addSlot(NIGHT).then(() => undefined),
    admit(slot, 'W1 W2'),
    async (desk) => {
      [desk.at, desk.today] = [at, today];
      await desk.start('W1');
      await desk.complete('W1');
      await desk.start('W2');
    },
  );
const W1_STAYS = `${withoutChanges(`kind = 'completed'`)} ${setToken('W1', `status = 'IN_CONSULTATION'`)}`;
const TWO_AT_ONCE = /^token W2: .*\(started\): starts while token W1 is in consultation \(R19\)$/;

itFinds([
  ['a second patient in consultation', twoSeen('nine', NOW, TODAY), W1_STAYS, TWO_AT_ONCE],
  [
    'a second patient in consultation after midnight',
    twoSeen('night', clock(25), TOMORROW),
    W1_STAYS,
    TWO_AT_ONCE,
  ],
  [
    'a consultation that ends before it begins',
    day(admit('nine', 'W1'), checkIn('W1'), start('W1')),
    `${setChanges(`kind = 'started'`, `kind = 'completed', to_status = 'COMPLETED'`)}
     ${setToken('W1', `status = 'COMPLETED'`)}`,
    /^token W1: .*\(completed\): cannot follow the status CHECKED_IN in the status table$/,
  ],
  [
    'a waiting token that expires before the end of its slot (R11)',
    day(admit('nine', 'W1 W2 W3'), expire),
    setChanges(`kind = 'expired'`, `at = ${clock(9, 59)}`),
    /^token W3: .*\(expired\): comes before the end of its slot \(R11\)$/,
  ],
  [
    'a promoted token that has lost its check-in',
    day(admit('other', 'W1'), checkIn('W1'), admit('other', 'E1'), (desk) => desk.leave('E1')),
    `${setChanges(`kind = 'promoted'`, `to_status = 'BOOKED'`)} ${setToken('W1', `status = 'BOOKED'`)}`,
    /^token W1: .*\(promoted\): cannot lead to BOOKED$/,
  ],
]);

it('a patient who is still in consultation from a past day does not prevent the next consultation', async () => {
  const { desk, path } = await dayOf(
    day(admit('nine', 'W1'), start('W1'), admit('morrow', 'W2'), async (front) => {
      front.at = clock(33);
      front.today = TOMORROW;
      await front.start('W2');
    }),
  );
  await desk.store.close();
  expect(await faultsOf(path)).toEqual([]);
});

const raised = day(admit('nine', 'W1 W2 W3 W4'), reclassify('W4', 'EMERGENCY'));

itFinds([
  [
    'a class that the token had already (R9)',
    day(admit('nine', 'W1'), reclassify('W1', 'FOLLOW_UP')),
    `${setData(`kind = 'reclassified'`, 'patientType', `'WALK_IN'`)}
     ${setData(`kind = 'reclassified'`, 'priority', '20')}
     ${setToken('W1', `patient_type = 'WALK_IN', priority = 20`)}`,
    /^token W1: .*\(reclassified\): gets the class that it has already \(R9\)$/,
  ],
  [
    'a class given to a patient in consultation',
    day(admit('nine', 'W1'), checkIn('W1'), reclassify('W1', 'FOLLOW_UP')),
    `${setChanges(`kind = 'checked_in'`, `kind = 'started', to_status = 'IN_CONSULTATION', data = NULL`)}
     ${setChanges(`kind = 'reclassified'`, `from_status = 'IN_CONSULTATION'`)}
     ${setToken('W1', `status = 'IN_CONSULTATION'`)}`,
    /^token W1: .*\(reclassified\): gets another class although its status is IN_CONSULTATION$/,
  ],
  [
    'a patient who became an emergency and waits (R8)',
    raised,
    `${withoutChanges(`kind IN ('bumped', 'promoted')`)} ${setToken('W4', `status = 'WAITING'`)}
     ${setToken('W2', `status = 'BOOKED'`)}`,
    /^token W4: .*\(reclassified\): leaves token W4 waiting although it may bump token W2 \(R8\)$/,
  ],
  [
    'the wrong victim of a new emergency (R3)',
    raised,
    setChanges(`kind = 'bumped'`, `token_id = 'W1'`),
    /^token W1: .*\(bumped\): is bumped, but token W2 must be \(R3\)$/,
  ],
  [
    'a seat bumped for a new emergency that another waiting token gets (R17)',
    raised,
    `${setChanges(`kind = 'bumped'`, `cause = 'W3'`)}
     ${setChanges(`kind = 'promoted'`, `token_id = 'W3'`)}`,
    /^token W2: .*\(bumped\): its cause is not the token that takes the seat next \(R17\)$/,
  ],
  [
    'a promotion whose cause still has its seat (R17)',
    raised,
    setChanges(`kind = 'promoted'`, `cause = 'W1'`),
    /^token W4: .*\(promoted\): its cause is not the token whose seat it takes \(R17\)$/,
  ],
]);

const fewer = day(revise('nine', 3), admit('nine', 'W1 W2 W3'), revise('nine', 1));

itFinds([
  [
    'the wrong victim when seats are removed (R12)',
    fewer,
    setChanges(`kind = 'bumped' AND token_id = 'W3'`, `token_id = 'W1'`),
    /^token W1: .*\(bumped\): is bumped, but token W3 must be \(R12\)$/,
  ],
  [
    'bumped tokens although no seat was removed (R12)',
    fewer,
    `${setData(`kind = 'slot_set' AND slot_id = 'nine'`, 'capacity', '3')}
     UPDATE slots SET capacity = 3 WHERE id = 'nine'`,
    /^token W2: .*\(bumped\): has no cause, and the slot does not get fewer seats \(R12, R17\)$/,
  ],
  [
    'more bumped tokens than removed seats (R12)',
    fewer,
    `${setData(`version = (SELECT max(version) FROM changes) AND kind = 'slot_set'`, 'capacity', '2')}
     UPDATE slots SET capacity = 2 WHERE id = 'nine'`,
    /^change rao:\d+ \(slot_set\): bumps more tokens than its new capacity asks for, token W2 last \(R12\)$/,
  ],
  [
    'a bumped token without a change of the slot after it (R12)',
    fewer,
    `${withoutChanges(`kind = 'slot_set' AND position = (SELECT max(position) FROM changes)`)}
     UPDATE slots SET capacity = 3 WHERE id = 'nine'`,
    /^token W2: .*\(bumped\): has no cause, and the slot does not get fewer seats \(R12, R17\)$/,
  ],
  [
    'a new seat that is not given to a waiting token (R5)',
    day(admit('nine', 'W1 W2 W3'), revise('nine', 3)),
    `${withoutChanges(`kind = 'promoted'`)} ${setToken('W3', `status = 'WAITING'`)}`,
    /^change rao:\d+ \(slot_set\): leaves a seat free while token W3 waits \(R5\)$/,
  ],
  [
    'fewer seats than seated tokens (R1)',
    day(admit('nine', 'W1 W2'), revise('nine', 1)),
    `${withoutChanges(`kind = 'bumped'`)} ${setToken('W2', `status = 'BOOKED'`)}`,
    /^change rao:\d+ \(slot_set\): cannot be applied: a slot has no fewer seats than seated tokens \(R1\)$/,
  ],
]);

const closedHere = day(admit('nine', 'W1 W2'), close('nine', 'ten'));
const cancelledAll = day(admit('nine', 'W1 W2 W3'), close('nine'));

itFinds([
  [
    'a patient left in a slot that was closed',
    cancelledAll,
    `${withoutChanges(`kind = 'cancelled' AND token_id = 'W2'`)} ${setToken('W2', `status = 'BOOKED'`)}`,
    /^token W2: awaits consultation in slot nine, which is closed$/,
  ],
  [
    'a seat given in a slot that was closed (R5)',
    cancelledAll,
    `${setChanges(
      `kind = 'cancelled' AND token_id = 'W3'`,
      `kind = 'promoted', to_status = 'BOOKED', cause = 'W2'`,
    )} ${setToken('W3', `status = 'BOOKED'`)}`,
    /^token W3: .*\(promoted\): gets a seat in a slot that is closed \(R5\)$/,
  ],
  [
    'a booking in a slot that was closed',
    day(close('ten'), admit('nine', 'W1')),
    `${setChanges(`token_id = 'W1'`, `slot_id = 'ten'`)} ${setToken('W1', `slot_id = 'ten'`)}`,
    /^token W1: .*\(booked\): enters a slot that is closed$/,
  ],
  [
    'an arrival changed by a closing (R13)',
    closedHere,
    `${setData(`kind = 'moved_in' AND token_id = 'W1'`, 'arrival', '3')} ${setToken('W1', 'arrival = 3')}`,
    /^token W1: .*\(moved_in\): does not keep its arrival \(R13\)$/,
  ],
]);

it('a token that a closing left with the doctor, and that moves later, is clean', async () => {
  const { desk, path } = await dayOf(
    day(
      admit('nine', 'W1 W2'),
      checkIn('W1'),
      start('W1'),
      close('nine', 'ten'),
      (front) => front.skip('W1'),
      move('W1', 'ten'),
    ),
  );
  await desk.store.close();
  expect(await faultsOf(path)).toEqual([]);
});

it('a token that checks in on another day and moves back is clean', async () => {
  const { desk, path } = await dayOf(
    day(
      (front) => front.addSlot(NIGHT).then(() => undefined),
      admit('night', 'W1'),
      move('W1', 'morrow'),
      async (front) => {
        [front.at, front.today] = [clock(25), TOMORROW];
        await front.checkIn('W1');
        await front.move('W1', 'night');
      },
    ),
  );
  await desk.store.close();
  expect(await faultsOf(path)).toEqual([]);
});

const within = day(admit('nine', 'W1 W2'), checkIn('W1'), move('W1', 'ten'));
const toMorrow = day(admit('nine', 'W1 W2'), checkIn('W1'), move('W1', 'morrow'));
const away = day(admit('nine', 'W1'), move('W1', 'other'));
const MOVED_IN = `kind = 'moved_in'`;

itFinds([
  [
    "an unchanged arrival in a patient's own move (R13)",
    within,
    `${setData(MOVED_IN, 'arrival', '1')} ${setToken('W1', 'arrival = 1')}`,
    /^token W1: .*\(moved_in\): its arrival is not the next \(R13\)$/,
  ],
  [
    'a number that changed within the day (R10)',
    within,
    `${setData(MOVED_IN, 'number', '3')} ${setToken('W1', 'number = 3')}`,
    /^token W1: .*\(moved_in\): does not keep its number \(R10\)$/,
  ],
  [
    'a number that moved to another day (R10)',
    toMorrow,
    `${setData(MOVED_IN, 'number', '2')} ${setToken('W1', 'number = 2')}`,
    /^token W1: .*\(moved_in\): its number is not the next of the day \(R10\)$/,
  ],
  [
    "a number that moved to another doctor's day (R10)",
    day(admit('nine', 'W1 W2'), move('W2', 'other')),
    `${setData(MOVED_IN, 'number', '2')} ${setToken('W2', 'number = 2')}`,
    /^token W2: .*\(moved_in\): its number is not the next of the day \(R10\)$/,
  ],
  [
    'a priority raised by a move (R13)',
    away,
    `${setData(MOVED_IN, 'priority', '30')} ${setToken('W1', 'priority = 30')}`,
    /^token W1: .*\(moved_in\): differs from the token that left \(R13\)$/,
  ],
  [
    'a patient exchanged by a move (R13)',
    away,
    `${setData(MOVED_IN, 'patientName', `'X'`)} ${setToken('W1', `patient_name = 'X'`)}`,
    /^token W1: .*\(moved_in\): differs from the token that left \(R13\)$/,
  ],
  [
    'a check-in that is lost by a move within the day',
    within,
    `${setData(MOVED_IN, 'present', `json('false')`)} ${setChanges(MOVED_IN, `to_status = 'BOOKED'`)}`,
    /^token W1: .*\(moved_in\): has not checked in, but it has on the day of this slot$/,
  ],
  [
    'a check-in that moved to another day',
    toMorrow,
    `${setData(MOVED_IN, 'present', `json('true')`)} ${setChanges(MOVED_IN, `to_status = 'CHECKED_IN'`)}`,
    /^token W1: .*\(moved_in\): has checked in, but not on the day of this slot$/,
  ],
  [
    'a token that left and never arrived (R13)',
    away,
    withoutChanges(MOVED_IN),
    /^token W1: .*\(moved_out\): leaves its slot and enters no other \(R13\)\n/,
  ],
  [
    'a token that arrived and never left (R13)',
    away,
    withoutChanges(`kind = 'moved_out'`),
    /^token W1: .* doctorId is sen, by its change records rao.*\n.*\(moved_in\): did not leave another slot right before \(R13\)$/,
  ],
  [
    'a token that arrived at another time than it left (R13)',
    away,
    setChanges(MOVED_IN, 'at = at + 1'),
    /^token W1: .*\(moved_out\): leaves its slot and enters no other \(R13\)\ntoken W1: .*\(moved_in\): did not leave another slot right before \(R13\)$/,
  ],
  [
    'a token that is moved while in consultation',
    within,
    `${setChanges(`kind = 'checked_in'`, `kind = 'started', to_status = 'IN_CONSULTATION', data = NULL`)}
     ${setChanges(`kind = 'moved_out'`, `from_status = 'IN_CONSULTATION'`)}`,
    /^token W1: .*\(moved_out\): leaves its slot although its status is IN_CONSULTATION$/,
  ],
  [
    'a token that the table has in its former slot',
    away,
    setToken('W1', `doctor_id = 'rao', slot_id = 'nine'`),
    /^token W1: differs .* doctorId is rao, by its change records sen; slotId is nine, by /,
  ],
  [
    'a seat left by a move that is not given to a waiting token (R5)',
    day(admit('nine', 'W1 W2 W3'), move('W1', 'other')),
    `${withoutChanges(`kind = 'promoted'`)} ${setToken('W3', `status = 'WAITING'`)}`,
    /^token W1: .*\(moved_out\): leaves a seat free while token W3 waits \(R5\)$/,
  ],
  [
    'a move that bumps the wrong victim (R3)',
    day(admit('ten', 'W1 W2'), admit('nine', 'F1'), move('F1', 'ten')),
    setChanges(`kind = 'bumped'`, `token_id = 'W1'`),
    /^token W1: .*\(bumped\): is bumped, but token W2 must be \(R3\)$/,
  ],
]);
