import { expect, it } from 'vitest';
import { slotId } from '../../src/engine/index.ts';
import { clock, RAO } from '../support/engine/clinic.ts';
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

/** A day in a slot of this many seats. */
const dayWith =
  (capacity: number, ...commands: readonly ((desk: FrontDesk) => Promise<void>)[]) =>
  async (desk: FrontDesk): Promise<void> => {
    const ten = { id: slotId('ten'), startTime: clock(10), endTime: clock(11) };
    await desk.put({ id: RAO }, [{ capacity }, ten]);
    for (const command of commands) await command(desk);
  };

const admit = (names: string) => (desk: FrontDesk) => desk.admit('nine', names);
const checkIn = (names: string) => (desk: FrontDesk) => desk.checkIn(names);
const start = (name: string, room?: string) => (desk: FrontDesk) => desk.start(name, room);
const complete = (name: string) => (desk: FrontDesk) => desk.complete(name);
const skip = (name: string) => (desk: FrontDesk) => desk.skip(name);
const undo = (name: string) => (desk: FrontDesk) => desk.undo(name);
const leave = (name: string) => (desk: FrontDesk) => desk.leave(name);
const pause = (desk: FrontDesk) => desk.pause(RAO, 15);
const close = (desk: FrontDesk) => desk.close('nine');

const UNDONE = `kind = 'undone'`;

type Damage = readonly [
  what: string,
  play: (desk: FrontDesk) => Promise<void>,
  sql: string,
  fault: RegExp,
];

it.each<Damage>([
  [
    'a skip that leaves a waiting patient of a higher class without the seat (R8)',
    dayWith(1, admit('W1'), checkIn('W1'), admit('F1'), skip('W1')),
    `${withoutChanges(`kind IN ('bumped', 'promoted')`)}
     ${setToken('W1', `status = 'SKIPPED', last_kind = 'skipped', last_from = 'CHECKED_IN'`)}
     ${setToken('F1', `status = 'WAITING', last_kind = 'booked', last_from = NULL`)}`,
    /^token W1: .*\(skipped\): leaves token F1 waiting although it may bump token W1 \(R8\)$/,
  ],
  [
    'a bump after a skip that names the wrong cause (R17)',
    dayWith(1, admit('W1'), checkIn('W1'), admit('F1'), skip('W1')),
    setChanges(`kind = 'bumped'`, `cause = 'W1'`),
    /^token W1: .*\(bumped\): its cause is not the token that takes the seat next \(R17\)$/,
  ],
  [
    'an undo of another change than the last one (R22)',
    dayWith(1, admit('W1'), checkIn('W1'), undo('W1')),
    setData(UNDONE, 'undone', `'started'`),
    /^token W1: .*\(undone\): takes back started, but the last change of the token is checked_in \(R22\)$/,
  ],
  [
    'an undo after the day of the slot (R22)',
    dayWith(1, admit('W1'), checkIn('W1'), undo('W1')),
    // The slot ends at 10, and 24 hours of grace and 4 hours of the desk follow at most.
    setChanges(UNDONE, `at = ${clock(24 + 14)}`),
    /^token W1: .*\(undone\): comes after the end of its slot \(R22\)$/,
  ],
  [
    'a cancellation that is taken back after the end of the slot (R22)',
    dayWith(1, admit('W1'), leave('W1'), undo('W1')),
    setChanges(UNDONE, `at = ${clock(24 + 10)}`),
    /^token W1: .*\(undone\): comes after the end of its slot \(R22\)$/,
  ],
  [
    'an undo that leads to another status than the one before (R22)',
    dayWith(1, admit('W1'), checkIn('W1'), undo('W1')),
    `${setChanges(UNDONE, `to_status = 'SKIPPED'`)} ${setToken('W1', `status = 'SKIPPED'`)}`,
    /^token W1: .*\(undone\): leads to SKIPPED, but the status before was BOOKED \(R22\)$/,
  ],
  [
    'a completion that is taken back to CHECKED_IN although the room is free (R22)',
    dayWith(1, admit('W1'), start('W1'), complete('W1'), undo('W1')),
    `${setChanges(UNDONE, `to_status = 'CHECKED_IN'`)} ${setToken('W1', `status = 'CHECKED_IN'`)}`,
    /^token W1: .*\(undone\): leads to CHECKED_IN, but the status before was IN_CONSULTATION \(R22\)$/,
  ],
  [
    'a completion that is taken back to IN_CONSULTATION although the room is in use (R22)',
    dayWith(2, admit('W1 W2'), start('W1'), complete('W1'), start('W2'), undo('W1')),
    `${setChanges(UNDONE, `to_status = 'IN_CONSULTATION'`)} ${setToken('W1', `status = 'IN_CONSULTATION'`)}`,
    /^token W1: .*\(undone\): leads to IN_CONSULTATION although no room is free \(R22\)$/,
  ],
  [
    'a cancelled token that comes back and waits although a seat is free (R2)',
    dayWith(1, admit('W1'), leave('W1'), undo('W1')),
    `${setChanges(UNDONE, `to_status = 'WAITING'`)} ${setToken('W1', `status = 'WAITING'`)}`,
    /^token W1: .*\(undone\): waits although a seat is free \(R2\)$/,
  ],
  [
    'a cancelled token that comes back and waits although it may bump (R3, R8)',
    dayWith(1, admit('F1 W2'), leave('F1'), undo('F1')),
    `${withoutChanges(`kind = 'bumped'`)} ${setChanges(UNDONE, `to_status = 'WAITING'`)}
     ${setToken('F1', `status = 'WAITING'`)}
     ${setToken('W2', `status = 'BOOKED', last_kind = 'promoted', last_from = 'WAITING'`)}`,
    /^token F1: .*\(undone\): waits although it may bump token W2 \(R3, R8\)$/,
  ],
  [
    'a victim of a cancelled token that may not bump it (R3)',
    dayWith(1, admit('F1 W2'), leave('F1'), undo('F1')),
    `${setData(`token_id = 'W2' AND kind = 'booked'`, 'priority', '60')} ${setToken('W2', 'priority = 60')}`,
    /^token W2: .*\(bumped\): is bumped, but no token may be \(R3\)$/,
  ],
  [
    'a cancelled token that comes back beside another one of the patient (R15)',
    dayWith(2, admit('W1'), leave('W1'), admit('W2'), undo('W1')),
    `${setData(`kind = 'booked'`, 'patientId', `'p'`)} UPDATE tokens SET patient_id = 'p'`,
    /^token W1: .*\(undone\): is a second token of the patient of token W2 \(R15\)$/,
  ],
  [
    'a second patient in a room (R19)',
    dayWith(2, admit('W1 W2'), start('W1', 'A'), complete('W1'), start('W2', 'A')),
    `${withoutChanges(`kind = 'completed'`)}
     ${setToken('W1', `status = 'IN_CONSULTATION', last_kind = 'started', last_from = 'BOOKED'`)}`,
    /^token W2: .*\(started\): starts while token W1 is in consultation \(R19\)$/,
  ],
  [
    'a room in a change that calls nobody (R19)',
    dayWith(1, admit('W1'), start('W1', 'A'), complete('W1')),
    setChanges(`kind = 'completed'`, `data = json_object('room', 'A')`),
    /^token W1: .*\(completed\): names a room, but nobody is called \(R19\)$/,
  ],
  [
    'a room that the table does not have (R19)',
    dayWith(1, admit('W1'), start('W1', 'A')),
    setToken('W1', `room = 'B'`),
    /^token W1: differs from its change records: room is B, by its change records A$/,
  ],
  [
    'a last change that the table has otherwise (R22)',
    dayWith(1, admit('W1'), checkIn('W1')),
    setToken('W1', `last_kind = 'booked', last_from = NULL`),
    /^token W1: differs .*: last is booked from null, by its change records checked_in from BOOKED$/,
  ],
  [
    'a break that ends before it begins',
    dayWith(1, pause),
    setData(`kind = 'break_set'`, 'until', '0'),
    /^change rao:.* \(break_set\): ends before it begins\n?/,
  ],
  [
    'a break that the table does not have',
    dayWith(1, pause),
    'UPDATE doctors SET break_until = NULL',
    /^doctor rao: its row or its sessions differ from its change records$/,
  ],
  [
    'a token that a closing left behind',
    dayWith(1, admit('W1'), close),
    `${withoutChanges(`kind = 'cancelled'`)}
     ${setToken('W1', `status = 'BOOKED', last_kind = 'booked', last_from = NULL`)}`,
    /^token W1: awaits consultation in slot nine, which is closed$/,
  ],
])('%s is found', async (_, play, sql, fault) => {
  expect(await faultsAfter(play, sql)).toMatch(fault);
});

it('one who is skipped after the closing, because the visit had begun, is no fault', async () => {
  const { desk, path } = await dayOf(dayWith(1, admit('W1'), start('W1'), close, skip('W1')));
  await desk.store.close();
  expect(await faultsOf(path)).toEqual([]);
});
