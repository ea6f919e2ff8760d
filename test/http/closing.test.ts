import { describe, expect, it } from 'vitest';
import type { ClosedView } from '../../src/http/resources/index.ts';
import { booking, openApp, type TestApp } from '../support/app/app.ts';
import {
  bookAll,
  DOC2_NINE,
  historyOf,
  NINE,
  patientsIn,
  postOk,
  stateOf,
  TEN,
} from '../support/app/front-desk.ts';

const close = (opd: TestApp, body: object, slot = NINE) =>
  postOk<ClosedView>(opd, `/slots/${slot}/close`, { reason: 'Dr. A is ill', ...body });

/** Lines such as `W1 moved seated BOOKED`, in the order of the answer. */
const outcomes = ({ affected }: ClosedView): string[] =>
  affected.map(
    ({ outcome, seated, token }) =>
      `${token.patient_name} ${outcome} ${seated ? 'seated' : 'unseated'} ${token.status}`,
  );

describe('closing a slot', () => {
  it('cancels its patients with the given reason, and lists all of them', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'P1! W2+ W3 W4 F5');
    const answer = await close(opd, {});
    expect(answer).toMatchObject({ id: NINE, status: 'CLOSED', waiting: 0, seated: 1, bumped: [] });
    expect(outcomes(answer)).toEqual([
      'P1 stays seated IN_CONSULTATION',
      'F5 cancelled_by_hospital unseated CANCELLED',
      'W2 cancelled_by_hospital unseated CANCELLED',
      'W3 cancelled_by_hospital unseated CANCELLED',
      'W4 cancelled_by_hospital unseated CANCELLED',
    ]);
    for (const name of ['W2', 'F5', 'W4'])
      expect((await historyOf(opd, ids[name] ?? '')).at(-1)).toMatchObject({
        kind: 'cancelled',
        reason: 'Dr. A is ill',
        actor: 'anonymous',
      });
    await postOk(opd, '/complete', { token_id: ids['P1'] });
    expect(await patientsIn(opd, NINE)).toBe('P1:COMPLETED |');
  });

  it('moves its patients within the doctor with unchanged arrivals, which decide their ranks there', async () => {
    const opd = await openApp();
    const early = await bookAll(opd, 'W1+ W2');
    const ten = await bookAll(opd, 'W3 W4+ F5', TEN);
    const answer = await close(opd, { move_to: 'doc1_slot2' });
    expect(outcomes(answer)).toEqual(['W1 moved unseated WAITING', 'W2 moved unseated WAITING']);
    expect(answer.affected[0]?.token).toMatchObject({
      id: early['W1'],
      number: 1,
      slot_id: TEN,
      waitlist_position: 1,
    });
    expect(await patientsIn(opd, TEN)).toBe('F5 W3 W4:CHECKED_IN | W1 W2');
    await postOk(opd, '/cancel', { token_id: ten['F5'] });
    // W1 has the earliest arrival, so W1 is promoted. W1 has checked in before, so the status is CHECKED_IN.
    expect(await patientsIn(opd, TEN)).toBe('W1:CHECKED_IN W3 W4:CHECKED_IN | W2');
    expect((await historyOf(opd, early['W1'] ?? '')).slice(2)).toMatchObject([
      { kind: 'moved_out', slot_id: NINE, reason: 'Dr. A is ill' },
      { kind: 'moved_in', slot_id: TEN, reason: 'Dr. A is ill' },
      { kind: 'promoted', cause: ten['F5'], reason: null },
    ]);
  });

  it('moves its patients to the next slot of their own session', async () => {
    const opd = await openApp();
    await bookAll(opd, 'W1+ W2');
    const answer = await close(opd, { move_to: 'doc1_slot1' });
    expect(outcomes(answer)).toEqual(['W1 moved seated BOOKED', 'W2 moved seated BOOKED']);
    expect(await patientsIn(opd, 'doc1_slot1@2026-11-24')).toBe('W1 W2 |');
  });

  it.each([
    ['doc1_slot1', 'doc1_slot1@2026-11-26'],
    ['doc1_slot2', 'doc1_slot2@2026-11-25'],
    ['doc2_slot1', 'doc2_slot1@2026-11-25'],
  ])('moves no patient to an earlier day: %s means %s', async (move_to, slot_id) => {
    const opd = await openApp();
    await bookAll(opd, 'W1', 'doc1_slot1@2026-11-25');
    const { affected } = await close(opd, { move_to }, 'doc1_slot1@2026-11-25');
    expect(affected[0]).toMatchObject({ outcome: 'moved', token: { slot_id } });
  });

  it('moves its patients to another doctor in rank order, and lists the bumped tokens', async () => {
    const opd = await openApp();
    await bookAll(opd, 'W1 E2 F3 W4');
    const there = await bookAll(opd, 'W5 W6 O7', DOC2_NINE);
    const answer = await close(opd, { move_to: DOC2_NINE });
    expect(outcomes(answer)).toEqual([
      'E2 moved seated BOOKED',
      'F3 moved seated BOOKED',
      'W1 moved unseated WAITING',
      'W4 moved unseated WAITING',
    ]);
    expect(answer.affected.map(({ token }) => token.number)).toEqual([4, 5, 6, 7]);
    expect(answer.bumped).toMatchObject([
      { id: there['W6'], waitlist_position: 2 },
      { id: there['W5'], waitlist_position: 1 },
    ]);
    expect(await patientsIn(opd, DOC2_NINE)).toBe('E2 F3 O7 | W5 W6 W1 W4');
  });

  it('moves patients to a full waitlist too, and cancels only a patient who has a token in the other slot', async () => {
    const opd = await openApp({ waitlistMax: 0 });
    const here = await opd.book('W1', { patient_id: 'p1' });
    await bookAll(opd, 'W2');
    const there = await opd.book('W3', { patient_id: 'p1', slot_id: TEN });
    await bookAll(opd, 'W4 W5', TEN);
    expect(outcomes(await close(opd, { move_to: TEN }))).toEqual([
      'W1 cancelled_by_hospital unseated CANCELLED',
      'W2 moved unseated WAITING',
    ]);
    expect(await opd.get(`/tokens/${here.id}`)).toMatchObject({ body: { status: 'CANCELLED' } });
    expect(await opd.get(`/tokens/${there.id}`)).toMatchObject({ body: { status: 'BOOKED' } });
  });

  it('does not list patients who have been seen', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1! W2');
    await postOk(opd, '/complete', { token_id: W1 });
    expect(outcomes(await close(opd, {}))).toEqual(['W2 cancelled_by_hospital unseated CANCELLED']);
  });

  it('makes the slot refuse bookings, moves, more seats and another closing', async () => {
    const opd = await openApp();
    await close(opd, {});
    const inOtherSlot = await opd.book('W1', { slot_id: TEN });
    const refused = { status: 409, body: { code: 'slot_closed' } };
    const before = await stateOf(opd, [inOtherSlot.id]);
    expect(await opd.post('/book', booking('E1', { slot_id: NINE }))).toMatchObject(refused);
    const move = { token_id: inOtherSlot.id, slot_id: NINE };
    expect(await opd.post('/move', move)).toMatchObject(refused);
    expect(await opd.patch(`/slots/${NINE}`, { capacity: 9 })).toMatchObject(refused);
    const again = { reason: 'still ill' };
    expect(await opd.post(`/slots/${NINE}/close`, again)).toMatchObject(refused);
    expect(await opd.post(`/slots/${TEN}/close`, { ...again, move_to: NINE })).toMatchObject(
      refused,
    );
    expect(await stateOf(opd, [inOtherSlot.id])).toEqual(before);
    // A session's id means the next slot, alternatives leave out the closed slot, and a delay does not change it.
    expect(await opd.book('W2')).toMatchObject({ slot_id: 'doc1_slot1@2026-11-24' });
    for (const name of ['W3', 'W4']) await opd.book(name, { slot_id: TEN });
    const { alternatives } = await opd.book('W5', { slot_id: TEN });
    expect(alternatives?.map(({ id }) => id)).not.toContain(NINE);
    await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 10 });
    expect(await opd.slot('2026-11-23')).toMatchObject({ status: 'CLOSED', delay_minutes: 0 });
  });

  it('lasts when the day of the slot begins, and when the doctor is revised', async () => {
    const opd = await openApp();
    await close(opd, {}, 'doc1_slot1@2026-11-25');
    await opd.advanceTo('2026-11-25T00:00:00Z');
    const doctor = await opd.get<Record<string, unknown>>('/doctors/doc1');
    const { id, ...input } = doctor.body;
    expect(await opd.put(`/doctors/${String(id)}`, { ...input, name: 'Dr. New' })).toMatchObject({
      status: 200,
    });
    expect(await opd.slot('2026-11-25')).toMatchObject({ status: 'CLOSED' });
  });

  it.each<[code: string, status: number, id: string, body: object]>([
    ['slot_not_found', 404, 'x', {}],
    // A session's id is refused, because a repeat would close the slot of another day.
    ['slot_not_found', 404, 'doc1_slot2', {}],
    ['slot_not_found', 404, TEN, { move_to: 'x' }],
    ['slot_not_found', 404, 'x', { move_to: NINE }],
    ['slot_ended', 409, NINE, {}],
    ['slot_ended', 409, TEN, { move_to: NINE }],
    ['slot_ended', 409, 'doc1_slot1@2026-11-22', {}],
    ['slot_closed', 409, TEN, { move_to: TEN }],
    ['slot_closed', 409, 'closed', { move_to: TEN }],
    ['slot_closed', 409, TEN, { move_to: 'closed' }],
  ])(
    'is refused with %s %i for slot %s and body %j, and changes nothing',
    async (code, status, id, body) => {
      const opd = await openApp({ now: '2026-11-22T08:00:00Z' });
      await opd.advanceTo('2026-11-23T08:00:00Z');
      const ids = {
        ...(await bookAll(opd, 'W1 W2')),
        ...(await bookAll(opd, 'W3 W4+ W5 W6', TEN)),
      };
      const [start_time, end_time] = ['2026-11-23T12:00:00Z', '2026-11-23T13:00:00Z'];
      const single = { doctor_id: 'doc1', id: 'closed', start_time, end_time, capacity: 2 };
      expect(await opd.post('/slots', single)).toMatchObject({ status: 201 });
      await close(opd, {}, 'closed');
      await opd.advanceTo('2026-11-23T10:30:00Z');
      const before = await stateOf(opd, Object.values(ids));
      const answer = await opd.post(`/slots/${id}/close`, { reason: 'ill', ...body });
      expect(answer).toMatchObject({ status, body: { code } });
      // The tick evicts a slot of yesterday that the request may have loaded.
      await opd.service.tick();
      expect(await stateOf(opd, Object.values(ids))).toEqual(before);
    },
  );
});
