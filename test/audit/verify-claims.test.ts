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

/** 10:15 on the day: the slot is over but for its grace. */
const GRACE = clock(10, 15);
const booking = (name: string): string => `token_id = '${name}' AND kind = 'booked'`;

/** Nobody is promoted when the first two leave, in the grace. */
const NOBODY_PROMOTED = `DELETE FROM changes WHERE kind = 'promoted' AND token_id = 'W4';
  ${setChanges(`kind IN ('promoted', 'no_show', 'cancelled')`, `at = ${GRACE}`)}`;

it.each<[what: string, sql: string, fault: RegExp]>([
  [
    'a free seat left beside a waiter (R5)',
    withoutChanges(`kind = 'promoted' AND token_id = 'W4'`),
    /^token W2: .*\(cancelled\): leaves a free seat beside token W4 \(R5\)$/,
  ],
  [
    'a second live token of one patient (R15)',
    `${setData(`${booking('W1')} OR ${booking('W2')}`, 'patientId', `'p'`)}
     UPDATE tokens SET patient_id = 'p' WHERE id IN ('W1', 'W2')`,
    /^token W2: .*\(booked\): is a second one of the patient of token W1 \(R15\)$/,
  ],
  [
    'a patient who waits beside a free seat (R2)',
    setChanges(booking('W3'), `to_status = 'WAITING'`),
    /^token W3: .*\(booked\): waits beside a free seat \(R2\)$/,
  ],
  [
    'a booking that leads to another seat than a booked one',
    setChanges(booking('W3'), `to_status = 'COMPLETED'`),
    /^token W3: .*\(booked\): does not lead to COMPLETED$/,
  ],
  [
    'a patient who was at the desk before the booking',
    setData(booking('W3'), 'present', `json('true')`),
    /^token W3: .*\(booked\): has been at the desk before it was booked$/,
  ],
  [
    'a patient who takes the free seat of a waiting one (R5)',
    `${NOBODY_PROMOTED} ${withoutChanges(`cause = 'E2'`)}`,
    /^token E2: .*\(booked\): takes the free seat that token W4 waits for \(R5\)$/,
  ],
  [
    'a patient bumped beside a free seat (R2)',
    `${NOBODY_PROMOTED} ${setChanges(`cause = 'E2'`, `token_id = 'W1'`)}
     ${setToken('W1', `status = 'WAITING'`)} ${RENUMBER}`,
    /^token W1: .*\(bumped\): loses its seat beside a free one \(R2\)$/,
  ],
  [
    'a stronger patient who waits behind a weaker one (R3, R8)',
    `${setData(booking('W4'), 'priority', '80')} ${setToken('W4', 'priority = 80')}`,
    /^token W4: .*\(booked\): waits behind token W2, which it may bump \(R3, R8\)$/,
  ],
  [
    'the wrong victim among equals (R3)',
    `${setChanges(`cause = 'E2'`, `token_id = 'W1'`)}
     ${setToken('W1', `status = 'WAITING'`)} ${setToken('W4', `status = 'BOOKED'`)}`,
    /^token W1: .*\(bumped\): is bumped where token W4 is to be \(R3\)$/,
  ],
  [
    'a victim of one who may bump nobody (R3)',
    `${setData(booking('E2'), 'priority', '20')} ${setToken('E2', 'priority = 20')}`,
    /^token W4: .*\(bumped\): is bumped where nobody is to be \(R3\)$/,
  ],
  [
    'a bump for somebody else (R17)',
    setChanges(`cause = 'E2'`, `cause = 'E1'`),
    /^token W4: .*\(bumped\): its cause is not the token that takes the seat next \(R17\)$/,
  ],
  [
    'a bump for nobody, though somebody is booked (R17)',
    setChanges(`cause = 'E2'`, 'cause = NULL'),
    /^token W4: .*\(bumped\): has no cause, and no fewer seats follow \(R12, R17\)$/,
  ],
  [
    'the wrong waiter promoted (R5)',
    setChanges(`kind = 'promoted'`, `token_id = iif(token_id = 'W3', 'W4', 'W3')`),
    /^token W4: .*\(promoted\): is promoted before token W3 \(R5\)$/,
  ],
  [
    'a promotion by one who did not leave (R17)',
    setChanges(`kind = 'promoted' AND cause = 'E1'`, `cause = 'W5'`),
    /^token W3: .*\(promoted\): its cause is not the token that left right before \(R17\)$/,
  ],
  [
    'a promotion that names nobody though somebody left (R17)',
    setChanges(`cause = 'W2'`, 'cause = NULL'),
    /^token W4: .*\(promoted\): has no cause, and token W2 left \(R17\)$/,
  ],
  [
    'a promotion by a waiter who left (R6)',
    `${setChanges(`kind IN ('no_show', 'cancelled', 'promoted')`, `at = ${GRACE}`)}
     ${setChanges(`kind = 'promoted' AND cause = 'E1'`, `cause = 'W5'`)}
     ${setChanges(
       `kind = 'no_show' OR (token_id = 'W5' AND kind = 'cancelled')`,
       `version = version + iif(kind = 'no_show', -1, 1)`,
     )}`,
    /^token W3: .*\(promoted\): token W5 left no seat to fill \(R6\)$/,
  ],
  [
    'a promotion later than the seat was left (R5)',
    setChanges(`cause = 'W2'`, 'at = at + 1'),
    /^token W2: .*\(cancelled\): leaves a free seat beside token W4 \(R5\)$/,
  ],
  [
    'somebody cancelled by another (R17)',
    setChanges(`token_id = 'W2' AND kind = 'cancelled'`, `cause = 'W1'`),
    /^token W2: .*\(cancelled\): has a cause, and is a command of its own \(R17\)$/,
  ],
  [
    'a no-show who ends as cancelled',
    `${setChanges(`kind = 'no_show'`, `to_status = 'CANCELLED'`)}
     ${setToken('E1', `status = 'CANCELLED'`)}`,
    /^token E1: .*\(no_show\): does not lead to CANCELLED$/,
  ],
  [
    'a waiter who is a no-show',
    `${setChanges(`token_id = 'W5' AND kind = 'cancelled'`, `kind = 'no_show', to_status = 'NO_SHOW'`)}
     ${setToken('W5', `status = 'NO_SHOW'`)}`,
    /^token W5: .*\(no_show\): does not follow WAITING in the status table$/,
  ],
  [
    'a change in a slot that the token is not in',
    setChanges(`kind = 'no_show'`, `slot_id = 'ten'`),
    /^token E1: .*\(no_show\): names a slot that the token is not in$/,
  ],
  [
    'a change in a slot that never was',
    setChanges(`kind = 'no_show'`, `slot_id = 'x'`),
    /^token E1: .*\(no_show\): names a slot that the token is not in$/,
  ],
])('%s is found in records and tables that agree', async (_, sql, fault) => {
  expect(await faultsAfter(threeSeats, sql)).toMatch(fault);
});

it('promotions that nobody left for are clean where a slot that had ended is open again', async () => {
  const { desk, path } = await dayOf(async (front) => {
    await threeSeats(front);
    await front.admit('nine', 'W6');
    // A clock that was wrong for a while.
    front.at = clock(10, 30);
    await front.leave('W1');
    await front.noShow('W3');
    front.at = clock(10, 15);
    await front.admit('nine', 'F1');
  });
  const changes = await desk.store.slotChanges(slotId('nine'));
  await desk.store.close();
  expect(changes.slice(-4)).toMatchObject([
    { kind: 'promoted', cause: null },
    { kind: 'promoted', cause: null },
    { kind: 'bumped', cause: 'F1' },
    { kind: 'booked', tokenId: 'F1' },
  ]);
  expect(await faultsOf(path)).toEqual([]);
});
