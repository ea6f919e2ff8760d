import { expect, it } from 'vitest';
import type { RevisedView } from '../../src/http/resources/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';

// A desk that takes nobody new into a slot, or emergencies only (R23).

const NINE = 'doc1_slot1@2026-11-23';
const setIntake = (opd: TestApp, intake: string, query = '') =>
  opd.patch<RevisedView>(`/slots/${NINE}${query}`, { intake });
const codeOf = async (opd: TestApp, name: string, slot_id = NINE) => {
  const { status, body } = await opd.post<{ code?: string }>('/book', booking(name, { slot_id }));
  return body.code ?? status;
};

it('nobody new, the patients of the slot are seen', async () => {
  const opd = await openApp();
  const ids = [];
  for (const name of ['W1', 'W2', 'W3', 'W4'])
    ids.push((await opd.book(name, { slot_id: NINE })).id);
  const dry = await setIntake(opd, 'NONE', '?dry_run=true');
  const { body } = await setIntake(opd, 'NONE');
  expect(dry.body).toEqual(body);
  expect(body).toMatchObject({ intake: 'NONE', kept: false, status: 'OPEN', bumped: [] });
  expect(await codeOf(opd, 'E5')).toBe('intake_closed');
  const elsewhere = await opd.book('W6', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
  expect(await opd.post('/move', { token_id: elsewhere.id, slot_id: NINE })).toMatchObject({
    ...{ status: 409, body: { code: 'intake_closed' } },
  });
  // The next slot of the session is the one of tomorrow.
  expect(await opd.book('W7')).toMatchObject({ slot_id: 'doc1_slot1@2026-11-24' });
  expect(await postOk(opd, '/cancel', { token_id: ids[0] })).toMatchObject({
    promoted: { id: ids[3] },
  });
  await opd.advanceTo('2026-11-23T09:00:00Z');
  await postOk(opd, '/check-in', { token_id: ids[1] });
  await postOk(opd, '/call-next', { doctor_id: 'doc1' });
  expect(await postOk(opd, '/complete', { token_id: ids[1] })).toMatchObject({
    status: 'COMPLETED',
  });
});

it('emergencies only, and everybody again', async () => {
  const opd = await openApp();
  await setIntake(opd, 'EMERGENCY');
  expect([await codeOf(opd, 'P1'), await codeOf(opd, 'E1')]).toEqual(['intake_closed', 201]);
  await setIntake(opd, 'ALL');
  expect(await codeOf(opd, 'W1')).toBe(201);
});

it('another intake is refused with the known ones', async () => {
  const opd = await openApp();
  expect(await setIntake(opd, 'NOBODY')).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/intake', detail: 'must be one of ALL, EMERGENCY, NONE' }] },
  });
});
