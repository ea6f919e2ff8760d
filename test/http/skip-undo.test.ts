import { describe, expect, it } from 'vitest';
import type {
  ClosedView,
  ReopenedView,
  TokenView,
  UndoneView,
} from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import {
  bookAll,
  historyOf,
  NINE,
  patientsIn,
  postOk,
  stateOf,
  TEN,
} from '../support/app/front-desk.ts';
import { reportOf } from '../support/app/report-day.ts';

// Called and not there (R21), and a wrong click taken back (R22), as a front desk meets them.

const undo = (opd: TestApp, id: string | undefined): Promise<UndoneView> =>
  postOk(opd, '/undo', { token_id: id, reason: 'wrong click' });

const call = (opd: TestApp, more: object = {}) =>
  postOk(opd, '/call-next', { doctor_id: 'doc1', ...more });

describe('R20 check-in has a day', () => {
  const eleven = 'doc1_slot1@2026-12-04';

  it('a walk-in eleven days ahead is too early, and stays BOOKED', async () => {
    const opd = await openApp();
    const { W1 = '' } = await bookAll(opd, 'W1', eleven);
    const before = await stateOf(opd, [W1]);
    const refused = await opd.post('/check-in', { token_id: W1 });
    const facts = { code: 'too_early', allowed_from: '2026-12-04T00:00:00.000Z' };
    expect(refused).toMatchObject({ status: 409, body: facts });
    expect(await stateOf(opd, [W1])).toEqual(before);
    opd.now = '2026-12-04T00:00:00Z';
    expect(await postOk(opd, '/check-in', { token_id: W1 })).toMatchObject({
      status: 'CHECKED_IN',
    });
  });

  it("a patient of yesterday's slot is told that it has ended, also when the slot left memory", async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1');
    opd.now = '2026-11-24T09:00:00Z';
    const refused = { status: 409, body: { code: 'slot_ended' } };
    expect(await opd.post('/check-in', { token_id: W1 })).toMatchObject(refused);
    await opd.advanceTo('2026-11-24T09:00:00Z');
    expect(await opd.post('/check-in', { token_id: W1 })).toMatchObject(refused);
  });

  it("the date is that of the doctor's time zone", async () => {
    const opd = await openApp({ timeZone: 'Asia/Kolkata' });
    const { W1 } = await bookAll(opd, 'W1', 'doc1_slot1@2026-11-24');
    expect(await opd.post('/check-in', { token_id: W1 })).toMatchObject({
      body: { code: 'too_early', allowed_from: '2026-11-23T18:30:00.000Z' },
    });
  });
});

describe('R21 called, and not there', () => {
  it('the desk skips the patient, calls the next one, and the skipped one comes back in the old rank', async () => {
    const opd = await openApp();
    const { F1 } = await bookAll(opd, 'F1+ W2+ W3+');
    await opd.advanceTo('2026-11-23T09:00:00Z');
    await call(opd);
    expect(await call(opd, { skip_current: true })).toMatchObject({
      patient_name: 'W2',
      completed: null,
      skipped: { id: F1, status: 'SKIPPED', estimated_time: null },
      promoted: null,
    });
    await postOk(opd, '/check-in', { token_id: F1 });
    expect(await call(opd, { complete_current: true })).toMatchObject({ id: F1 });
    expect(await patientsIn(opd, NINE)).toBe('F1:IN_CONSULTATION W2:COMPLETED W3:CHECKED_IN |');
    const skipped = (await historyOf(opd, F1 ?? '')).find(({ kind }) => kind === 'skipped');
    expect(skipped).toMatchObject({ from: 'IN_CONSULTATION', to: 'SKIPPED', cause: null });
  });

  it('a waiting patient of a higher class gets the seat of the skipped one in the same command (R8)', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1+ W2+ W3+ F4');
    const answer = await postOk<TokenView>(opd, '/skip', { token_id: W1 });
    expect(answer).toMatchObject({
      status: 'WAITING',
      waitlist_position: 1,
      bumped: null,
      promoted: { patient_name: 'F4', status: 'BOOKED' },
    });
    expect(await patientsIn(opd, NINE)).toBe('F4 W2:CHECKED_IN W3:CHECKED_IN | W1');
  });

  it('a no-show straight from the consultation records no visit; the day report counts it so', async () => {
    const opd = await openApp();
    const { W1, W2 } = await bookAll(opd, 'W1+ W2+ W3+');
    await opd.advanceTo('2026-11-23T09:00:00Z');
    await call(opd);
    await postOk(opd, '/no-show', { token_id: W1 });
    await call(opd);
    await call(opd, { skip_current: true });
    await postOk(opd, '/no-show', { token_id: W2 });
    const { total } = await reportOf(opd);
    expect(total).toMatchObject({ skipped: 1, no_show: 2, completed: 0, seated: 1 });
  });
});

describe('R22 a wrong click is taken back', () => {
  it.each<[commands: string[], status: string, undone: string]>([
    [['/check-in'], 'BOOKED', 'checked_in'],
    [['/start'], 'BOOKED', 'started'],
    [['/check-in', '/skip'], 'CHECKED_IN', 'skipped'],
    [['/start', '/complete'], 'IN_CONSULTATION', 'completed'],
    [['/no-show'], 'BOOKED', 'no_show'],
    [['/cancel'], 'BOOKED', 'cancelled'],
  ])(
    'after %j the token is %s again, and the record says why',
    async (commands, status, undone) => {
      const opd = await openApp();
      const { W1 = '' } = await bookAll(opd, 'W1');
      await opd.advanceTo('2026-11-23T09:00:00Z');
      for (const url of commands) await postOk(opd, url, { token_id: W1 });
      const answer = await undo(opd, W1);
      expect(answer).toMatchObject({ id: W1, status, undone, bumped: null, promoted: null });
      expect(await opd.get(`/tokens/${W1}`)).toMatchObject({ body: { status } });
      const record = { kind: 'undone', to: status, undone, reason: 'wrong click', cause: null };
      expect((await historyOf(opd, W1)).at(-1)).toMatchObject(record);
    },
  );

  it('a cancelled patient comes back with number and rank; who got the seat keeps it among equals', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1 W2 W3 W4 W5');
    await postOk(opd, '/cancel', { token_id: W1, reason: 'by phone' });
    expect(await patientsIn(opd, NINE)).toBe('W2 W3 W4 | W5');
    expect(await undo(opd, W1)).toMatchObject({
      number: 1,
      status: 'WAITING',
      waitlist_position: 1,
    });
    expect(await patientsIn(opd, NINE)).toBe('W2 W3 W4 | W1 W5');
  });

  it('a cancelled patient takes the seat of a lower class back', async () => {
    const opd = await openApp();
    const { F1, W4 } = await bookAll(opd, 'F1 W2 W3 W4');
    await postOk(opd, '/cancel', { token_id: F1 });
    expect(await undo(opd, F1)).toMatchObject({ status: 'BOOKED', bumped: { id: W4 } });
    expect((await historyOf(opd, W4 ?? '')).at(-1)).toMatchObject({ kind: 'bumped', cause: F1 });
    expect(await patientsIn(opd, NINE)).toBe('F1 W2 W3 | W4');
  });

  it('a completed visit goes back to the waiting room when the doctor has the next patient', async () => {
    const opd = await openApp();
    const { F1 } = await bookAll(opd, 'F1+ W2+');
    await call(opd);
    await call(opd, { complete_current: true });
    expect(await undo(opd, F1)).toMatchObject({ status: 'CHECKED_IN', room: null });
  });

  it('a visit that was not completed after all does not count in the day report', async () => {
    const opd = await openApp();
    const { W1, W2 } = await bookAll(opd, 'W1! W2');
    await postOk(opd, '/complete', { token_id: W1 });
    await undo(opd, W1);
    await postOk(opd, '/cancel', { token_id: W2 });
    await undo(opd, W2);
    const { total } = await reportOf(opd);
    expect(total).toMatchObject({ booked: 2, completed: 0, cancelled: 0, seated: 2, waiting: 0 });
  });

  it('what others did since is not taken back: the answer says what that was', async () => {
    const opd = await openApp();
    const { W3 = '' } = await bookAll(opd, 'W1 W2 W3 E4');
    const before = await stateOf(opd, [W3]);
    const refused = await opd.post('/undo', { token_id: W3, reason: 'wrong click' });
    const facts = { code: 'nothing_to_undo', last_change: 'bumped' };
    expect(refused).toMatchObject({ status: 409, body: facts });
    expect(await stateOf(opd, [W3])).toEqual(before);
  });

  it('an undo is taken back by nothing, and needs a reason', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1+');
    const noReason = await opd.post('/undo', { token_id: W1 });
    expect(noReason).toMatchObject({ status: 400, body: { errors: [{ pointer: '/reason' }] } });
    await undo(opd, W1);
    const twice = await opd.post('/undo', { token_id: W1, reason: 'again' });
    expect(twice).toMatchObject({ body: { code: 'nothing_to_undo', last_change: 'undone' } });
    const unknown = await opd.post('/undo', { token_id: 'nobody', reason: 'x' });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
  });

  it('of a token that is over is refused as ended after the slot, also when it left memory', async () => {
    const opd = await openApp();
    const { W1, W2 } = await bookAll(opd, 'W1 W2');
    await postOk(opd, '/cancel', { token_id: W1 });
    for (const instant of ['2026-11-23T10:30:00Z', '2026-11-25T08:00:00Z']) {
      await opd.advanceTo(instant);
      const refused = await opd.post('/undo', { token_id: W1, reason: 'late' });
      expect(refused).toMatchObject({ status: 409, body: { code: 'slot_ended' } });
    }
    const live = await opd.post('/undo', { token_id: W2, reason: 'late' });
    expect(live).toMatchObject({ status: 409, body: { code: 'slot_ended' } });
  });

  it('R15 is asked first: the patient who booked again has a token already', async () => {
    const opd = await openApp();
    const first = await opd.book('W1', { patient_id: 'p1' });
    await postOk(opd, '/cancel', { token_id: first.id });
    const second = await opd.book('W2', { patient_id: 'p1' });
    const refused = await opd.post('/undo', { token_id: first.id, reason: 'x' });
    const facts = { code: 'duplicate_booking', token_id: second.id };
    expect(refused).toMatchObject({ status: 409, body: facts });
  });

  it('a repeat with the same key takes back once', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1+');
    const body = { token_id: W1, reason: 'wrong click' };
    const key = { 'idempotency-key': 'undo-1' };
    const [first, repeat] = [
      await opd.post('/undo', body, key),
      await opd.post('/undo', body, key),
    ];
    expect(repeat).toMatchObject({ status: 200, body: first.body as object });
    expect(repeat.headers).toMatchObject({ 'idempotency-replayed': 'true' });
  });
});

describe('a closed slot is opened again (R24)', () => {
  const reopen = (opd: TestApp, slot = NINE): Promise<ReopenedView> =>
    postOk(opd, `/slots/${slot}/reopen`, { reason: 'the doctor is well again' });

  it('those who were moved or cancelled stay where they are, and are listed as they are now', async () => {
    const opd = await openApp();
    const { W1 = '', W2 } = await bookAll(opd, 'W1 W2 W3');
    const same = await opd.book('W4', { slot_id: TEN, patient_id: 'p9' });
    const twin = await opd.book('O5', { patient_id: 'p9' });
    const close = { reason: 'ill', move_to: TEN };
    const closed = await postOk<ClosedView>(opd, `/slots/${NINE}/close`, close);
    expect(closed.affected.map(({ outcome }) => outcome)).toContain('cancelled_by_hospital');
    await postOk(opd, '/check-in', { token_id: W1 });
    const { status, seats_left, affected } = await reopen(opd);
    expect({ status, seats_left }).toEqual({ status: 'OPEN', seats_left: 3 });
    const shown = affected.map(({ id, slot_id, status: now }) => `${id} ${slot_id} ${now}`);
    expect(shown).toContain(`${W1} ${TEN} CHECKED_IN`);
    expect(shown).toContain(`${W2} ${TEN} BOOKED`);
    expect(shown).toContain(`${twin.id} ${NINE} CANCELLED`);
    expect(shown.join()).not.toContain(same.id);
    expect(await patientsIn(opd, NINE)).toBe('|');
    expect(await opd.book('W6', { slot_id: NINE })).toMatchObject({ status: 'BOOKED' });
    // The cancelled one comes back only when the desk says so.
    await postOk(opd, '/cancel', { token_id: same.id });
    expect(await undo(opd, twin.id)).toMatchObject({ slot_id: NINE, status: 'BOOKED' });
  });

  it('an open slot stays as it is, one that has ended stays closed, and nobody was affected by no closing', async () => {
    const opd = await openApp();
    const version = () => opd.engine.doctor('doc1' as never)?.version;
    const before = version();
    expect(await reopen(opd)).toMatchObject({ status: 'OPEN', affected: [] });
    expect(version()).toBe(before);
    await postOk(opd, `/slots/${NINE}/close`, { reason: 'ill' });
    await opd.advanceTo('2026-11-23T10:30:00Z');
    const late = await opd.post(`/slots/${NINE}/reopen`, { reason: 'x' });
    expect(late).toMatchObject({ status: 409, body: { code: 'slot_ended' } });
    const unknown = await opd.post('/slots/doc1_slot1/reopen', { reason: 'x' });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'slot_not_found' } });
  });

  it('a closing that takes effect while a reopening reads the list is in the list', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1');
    const slotChanges = opd.archive.slotChanges.bind(opd.archive);
    opd.archive.slotChanges = async function* (id) {
      yield* slotChanges(id);
      opd.archive.slotChanges = slotChanges;
      await postOk(opd, `/slots/${NINE}/close`, { reason: 'ill' });
    };
    const { status, affected } = await reopen(opd);
    expect(status).toBe('OPEN');
    expect(affected).toMatchObject([{ id: W1, status: 'CANCELLED' }]);
  });

  it('a slot whose session has ended stays closed', async () => {
    const opd = await openApp();
    await opd.put('/doctors/doc1', { name: 'Dr. A', time_zone: 'UTC', sessions: [] });
    const refused = await opd.post(`/slots/${NINE}/reopen`, { reason: 'x' });
    expect(refused).toMatchObject({ status: 409, body: { code: 'slot_closed' } });
  });

  it('patients who were moved to another doctor are listed with that doctor', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1');
    await postOk(opd, `/slots/${NINE}/close`, { reason: 'ill', move_to: 'doc2_slot1' });
    const { affected } = await reopen(opd);
    expect(affected).toMatchObject([{ id: W1, doctor_id: 'doc2', status: 'BOOKED' }]);
  });
});
