import { expect, it } from 'vitest';
import { slotId } from '../../src/engine/index.ts';
import { clock } from '../support/engine/clinic.ts';
import {
  dayOf,
  faultsAfter,
  faultsOf,
  RENUMBER,
  setChanges,
  setData,
  setToken,
  threeSeats,
  withoutChanges,
} from '../support/store/damage.ts';
import { allOf } from '../support/store/pages.ts';

/** 10:15 on the day: the slot has reached its end time, and its grace is not over. */
const GRACE = clock(10, 15);
const booking = (name: string): string => `token_id = '${name}' AND kind = 'booked'`;

/** No token is promoted when the first two leave their seats, in the grace. */
const NONE_PROMOTED = `DELETE FROM changes WHERE kind = 'promoted' AND token_id = 'W4';
  ${setChanges(`kind IN ('promoted', 'no_show', 'cancelled')`, `at = ${GRACE}`)}`;

it.each<[what: string, sql: string, fault: RegExp]>([
  [
    'a free seat that is not given to a waiting token (R5)',
    withoutChanges(`kind = 'promoted' AND token_id = 'W4'`),
    /^token W2: .*\(cancelled\): leaves a seat free while token W4 waits \(R5\)$/,
  ],
  [
    'a second live token of one patient (R15)',
    `${setData(`${booking('W1')} OR ${booking('W2')}`, 'patientId', `'p'`)}
     UPDATE tokens SET patient_id = 'p' WHERE id IN ('W1', 'W2')`,
    /^token W2: .*\(booked\): is a second token of the patient of token W1 \(R15\)$/,
  ],
  [
    'a booking that waits although a seat is free (R2)',
    setChanges(booking('W3'), `to_status = 'WAITING'`),
    /^token W3: .*\(booked\): waits although a seat is free \(R2\)$/,
  ],
  [
    'a booking that leads to another seated status than BOOKED',
    setChanges(booking('W3'), `to_status = 'COMPLETED'`),
    /^token W3: .*\(booked\): cannot lead to COMPLETED$/,
  ],
  [
    'a check-in before the booking',
    setData(booking('W3'), 'present', `json('true')`),
    /^token W3: .*\(booked\): has checked in before it was booked$/,
  ],
  [
    'a newcomer that takes the free seat of a waiting token (R5)',
    `${NONE_PROMOTED} ${withoutChanges(`cause = 'E2'`)}`,
    /^token E2: .*\(booked\): takes the free seat that token W4 waits for \(R5\)$/,
  ],
  [
    'a token that is bumped although a seat is free (R2)',
    `${NONE_PROMOTED} ${setChanges(`cause = 'E2'`, `token_id = 'W1'`)}
     ${setToken('W1', `status = 'WAITING'`)} ${RENUMBER}`,
    /^token W1: .*\(bumped\): loses its seat although a seat is free \(R2\)$/,
  ],
  [
    'a token that waits although it may bump a seated one (R3, R8)',
    `${setData(booking('W4'), 'priority', '80')} ${setToken('W4', 'priority = 80')}`,
    /^token W4: .*\(booked\): waits although it may bump token W2 \(R3, R8\)$/,
  ],
  [
    'the wrong victim among equals (R3)',
    `${setChanges(`cause = 'E2'`, `token_id = 'W1'`)}
     ${setToken('W1', `status = 'WAITING'`)} ${setToken('W4', `status = 'BOOKED'`)}`,
    /^token W1: .*\(bumped\): is bumped, but token W4 must be \(R3\)$/,
  ],
  [
    'a victim of a newcomer that may bump no token (R3)',
    `${setData(booking('E2'), 'priority', '20')} ${setToken('E2', 'priority = 20')}`,
    /^token W4: .*\(bumped\): is bumped, but no token may be \(R3\)$/,
  ],
  [
    'a bump whose cause is the wrong token (R17)',
    setChanges(`cause = 'E2'`, `cause = 'E1'`),
    /^token W4: .*\(bumped\): its cause is not the token that takes the seat next \(R17\)$/,
  ],
  [
    'a bump without a cause, although a booking follows (R17)',
    setChanges(`cause = 'E2'`, 'cause = NULL'),
    /^token W4: .*\(bumped\): has no cause, and the slot does not get fewer seats \(R12, R17\)$/,
  ],
  [
    'a promotion of the wrong waiting token (R5)',
    setChanges(`kind = 'promoted'`, `token_id = iif(token_id = 'W3', 'W4', 'W3')`),
    /^token W4: .*\(promoted\): is promoted before token W3 \(R5\)$/,
  ],
  [
    'a promotion whose cause did not leave a seat (R17)',
    setChanges(`kind = 'promoted' AND cause = 'E1'`, `cause = 'W5'`),
    /^token W3: .*\(promoted\): its cause is not the token that left right before \(R17\)$/,
  ],
  [
    'a promotion without a cause, although a token left its seat (R17)',
    setChanges(`cause = 'W2'`, 'cause = NULL'),
    /^token W4: .*\(promoted\): has no cause, but token W2 left a seat \(R17\)$/,
  ],
  [
    'a promotion caused by a cancelled waiting token (R6)',
    `${setChanges(`kind IN ('no_show', 'cancelled', 'promoted')`, `at = ${GRACE}`)}
     ${setChanges(`kind = 'promoted' AND cause = 'E1'`, `cause = 'W5'`)}
     ${setChanges(
       `kind = 'no_show' OR (token_id = 'W5' AND kind = 'cancelled')`,
       `version = version + iif(kind = 'no_show', -1, 1)`,
     )}`,
    /^token W3: .*\(promoted\): token W5 left no seat to fill \(R6\)$/,
  ],
  [
    'a promotion later than the seat became free (R5)',
    setChanges(`cause = 'W2'`, 'at = at + 1'),
    /^token W2: .*\(cancelled\): leaves a seat free while token W4 waits \(R5\)$/,
  ],
  [
    'a cancellation caused by another token (R17)',
    setChanges(`token_id = 'W2' AND kind = 'cancelled'`, `cause = 'W1'`),
    /^token W2: .*\(cancelled\): names a cause, but this kind of change has none \(R17\)$/,
  ],
  [
    'a no-show that leads to CANCELLED',
    `${setChanges(`kind = 'no_show'`, `to_status = 'CANCELLED'`)}
     ${setToken('E1', `status = 'CANCELLED'`)}`,
    /^token E1: .*\(no_show\): cannot lead to CANCELLED$/,
  ],
  [
    'a no-show of a waiting token',
    `${setChanges(`token_id = 'W5' AND kind = 'cancelled'`, `kind = 'no_show', to_status = 'NO_SHOW'`)}
     ${setToken('W5', `status = 'NO_SHOW'`)}`,
    /^token W5: .*\(no_show\): cannot follow the status WAITING in the status table$/,
  ],
  [
    'a change in a slot that the token is not in',
    setChanges(`kind = 'no_show'`, `slot_id = 'ten'`),
    /^token E1: .*\(no_show\): names a slot that the token is not in$/,
  ],
  [
    'a change in a slot that does not exist',
    setChanges(`kind = 'no_show'`, `slot_id = 'x'`),
    /^token E1: .*\(no_show\): names a slot that the token is not in$/,
  ],
])('%s is found in records and tables that agree', async (_, sql, fault) => {
  expect(await faultsAfter(threeSeats, sql)).toMatch(fault);
});

it('promotions without a cause are clean when an ended slot is open again', async () => {
  const { desk, path } = await dayOf(async (front) => {
    await threeSeats(front);
    await front.admit('nine', 'W6');
    // The clock is wrong for a while.
    front.at = clock(10, 30);
    await front.leave('W1');
    await front.noShow('W3');
    // A correction touches no seat, so it seats nobody.
    front.at = clock(9, 30);
    await front.correct('E2', 'another name');
    front.at = clock(10, 15);
    await front.admit('nine', 'F1');
  });
  const changes = await allOf(desk.archive.slotChanges(slotId('nine')));
  await desk.store.close();
  expect(changes.slice(-4)).toMatchObject([
    { kind: 'promoted', cause: null },
    { kind: 'promoted', cause: null },
    { kind: 'bumped', cause: 'F1' },
    { kind: 'booked', tokenId: 'F1' },
  ]);
  expect(await faultsOf(path)).toEqual([]);
});

it('a patient who was skipped while the clock was wrong is outranked by nobody who waits (R8, R11)', async () => {
  const { desk, path } = await dayOf(async (front) => {
    await threeSeats(front);
    await front.checkIn('W1 W3 E2');
    await front.admit('nine', 'F1');
    front.at = clock(10, 30);
    await front.skip('W1');
    front.at = clock(9, 30);
    await front.admit('nine', 'W6');
  });
  const changes = await allOf(desk.archive.slotChanges(slotId('nine')));
  await desk.store.close();
  expect(changes.slice(-4)).toMatchObject([
    { kind: 'skipped', tokenId: 'W1' },
    { kind: 'expired', tokenId: 'F1' },
    { kind: 'expired', tokenId: 'W4' },
    { kind: 'booked', tokenId: 'W6', to: 'WAITING' },
  ]);
  expect(await faultsOf(path)).toEqual([]);
});
