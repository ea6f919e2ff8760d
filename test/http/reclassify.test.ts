import { expect, it } from 'vitest';
import type { ReorderedView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import {
  bookAll,
  historyOf,
  NINE,
  patientsIn,
  postOk,
  stateOf,
} from '../support/app/front-desk.ts';

const REASON = 'chest pain';

const reclassify = (opd: TestApp, token_id: string | undefined, patient_type: string) =>
  postOk<ReorderedView>(opd, '/reclassify', { token_id, patient_type, reason: REASON });

it('a waiting token that becomes an emergency is seated, and the reason is recorded', async () => {
  const opd = await openApp();
  const { F1, W3, W4 } = await bookAll(opd, 'F1 O2 W3 W4');
  for (const token_id of [F1, W3]) await postOk(opd, '/check-in', { token_id });
  expect(await reclassify(opd, W4, 'EMERGENCY')).toMatchObject({
    id: W4,
    number: 4,
    type: 'EMERGENCY',
    status: 'BOOKED',
    waitlist_position: null,
    bumped: { id: W3, type: 'WALK_IN', waitlist_position: 1 },
    promoted: null,
  });
  expect(await patientsIn(opd, NINE)).toBe('W4 F1:CHECKED_IN O2 | W3');
  expect((await historyOf(opd, W4 ?? '')).slice(1)).toMatchObject([
    { kind: 'reclassified', from: 'WAITING', to: 'WAITING', type: 'EMERGENCY', reason: REASON },
    { kind: 'promoted', from: 'WAITING', to: 'BOOKED', cause: W3, reason: null },
  ]);
  const bump = { kind: 'bumped', from: 'CHECKED_IN', cause: W4, reason: null };
  expect((await historyOf(opd, W3 ?? '')).at(-1)).toMatchObject(bump);
});

it('a waiting token takes the seat of a token that gets a lower rank', async () => {
  const opd = await openApp();
  const { P1, F4, O5 } = await bookAll(opd, 'P1 P2 P3 F4 O5');
  expect(await reclassify(opd, P1, 'WALK_IN')).toMatchObject({
    status: 'WAITING',
    waitlist_position: 2,
    estimated_time: null,
    bumped: null,
    promoted: { id: F4, status: 'BOOKED' },
    alternatives: [{ id: 'doc1_slot2@2026-11-23' }, {}, {}],
  });
  expect(await patientsIn(opd, NINE)).toBe('P2 P3 F4 | O5 P1');
  // The arrival does not change, so P1 stays before the later walk-ins.
  await opd.book('W6');
  await reclassify(opd, O5, 'WALK_IN');
  expect(await patientsIn(opd, NINE)).toBe('P2 P3 F4 | P1 O5 W6');
});

it('a reclassified token that stays seated only gets another rank', async () => {
  const opd = await openApp();
  const { W1, W3 } = await bookAll(opd, 'W1 W2 W3 W4');
  expect(await reclassify(opd, W3, 'FOLLOW_UP')).toMatchObject({ status: 'BOOKED', bumped: null });
  expect(await patientsIn(opd, NINE)).toBe('W3 W1 W2 | W4');
  expect(await reclassify(opd, W1, 'PAID_PRIORITY')).toMatchObject({ promoted: null });
  expect(await patientsIn(opd, NINE)).toBe('W1 W3 W2 | W4');
});

it('the same class changes nothing', async () => {
  const opd = await openApp();
  const { W1 } = await bookAll(opd, 'W1 W2 W3 W4');
  const before = await stateOf(opd, [W1 ?? '']);
  expect(await reclassify(opd, W1, 'WALK_IN')).toMatchObject({ id: W1, status: 'BOOKED' });
  expect(await stateOf(opd, [W1 ?? ''])).toEqual(before);
});

it('reclassify promotes no token in an ended slot, and one that would take a seat there expires (R11)', async () => {
  const opd = await openApp();
  const { W1, W4 } = await bookAll(opd, 'W1 W2 W3 W4');
  opd.now = '2026-11-23T10:30:00Z';
  const over = { status: 'EXPIRED', waitlist_position: null, estimated_time: null, bumped: null };
  expect(await reclassify(opd, W4, 'EMERGENCY')).toMatchObject(over);
  expect(await reclassify(opd, W1, 'FOLLOW_UP')).toMatchObject({ promoted: null });
});
