import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { slotId } from '../../src/engine/index.ts';
import type { ReorderedView, ScheduleView } from '../../src/http/resources/index.ts';
import { openApp, openAppOnTestDisk, type TestApp } from '../support/app/app.ts';
import { doctorInput, session } from '../support/app/doctor-input.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';
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

const move = (opd: TestApp, token_id: string | undefined, slot_id: string) =>
  opd.post<ReorderedView>('/move', { token_id, slot_id });

describe('a move within one doctor', () => {
  it('promotes a token in the old slot, and gives the moved token a new arrival in the other slot', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'W1 W2 W3 W4 W5');
    await bookAll(opd, 'W6', TEN);
    opd.now = '2026-11-23T08:10:00Z';
    const { status, body } = await move(opd, ids['W1'], TEN);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        id: ids['W1'],
        number: 1,
        slot_id: TEN,
        start_time: '2026-11-23T10:00:00.000Z',
        status: 'BOOKED',
        timestamp: '2026-11-23T08:00:00.000Z',
        estimated_time: '2026-11-23T10:20:00.000Z',
        bumped: null,
        promoted: { id: ids['W4'], status: 'BOOKED', slot_id: NINE },
      },
    });
    expect(body).not.toHaveProperty('alternatives');
    expect(await patientsIn(opd, NINE)).toBe('W2 W3 W4 | W5');
    expect(await patientsIn(opd, TEN)).toBe('W6 W1 |');
    expect(await historyOf(opd, ids['W1'] ?? '')).toMatchObject([
      { kind: 'booked', slot_id: NINE, from: null, to: 'BOOKED' },
      { kind: 'moved_out', slot_id: NINE, from: 'BOOKED', to: null, cause: null },
      { kind: 'moved_in', slot_id: TEN, from: null, to: 'BOOKED', cause: null, type: 'WALK_IN' },
    ]);
    const promotion = { kind: 'promoted', cause: ids['W1'], slot_id: NINE };
    expect((await historyOf(opd, ids['W4'] ?? '')).at(-1)).toMatchObject(promotion);
  });

  it('bumps the weakest token of a full slot', async () => {
    const opd = await openApp();
    const { P1 } = await bookAll(opd, 'P1');
    const { W3 } = await bookAll(opd, 'O1 W2 W3', TEN);
    const bumped = { id: W3, number: 4, type: 'WALK_IN', waitlist_position: 1 };
    expect((await move(opd, P1, TEN)).body).toMatchObject({ status: 'BOOKED', bumped });
    expect(await patientsIn(opd, TEN)).toBe('P1 O1 W2 | W3');
    expect((await historyOf(opd, W3 ?? '')).at(-1)).toMatchObject({ kind: 'bumped', cause: P1 });
  });

  it('puts the token on the waitlist behind its class when it bumps no token, and answers alternatives', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1');
    await bookAll(opd, 'W2 W3 W4 W5', TEN);
    expect((await move(opd, W1, TEN)).body).toMatchObject({
      status: 'WAITING',
      waitlist_position: 2,
      estimated_time: null,
      alternatives: [
        { id: NINE, seats_left: 3 },
        { id: 'doc1_slot1@2026-11-24', seats_left: 3 },
        { id: 'doc1_slot2@2026-11-24', seats_left: 3 },
      ],
    });
  });

  it('does not change number and check-in within a day, and resets both on another day (R10)', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'W1 W2');
    for (const id of Object.values(ids)) await postOk(opd, '/check-in', { token_id: id });
    const same = { number: 2, status: 'CHECKED_IN' };
    expect((await move(opd, ids['W2'], TEN)).body).toMatchObject(same);
    await bookAll(opd, 'W3 W4', 'doc1_slot1@2026-11-24');
    const later = { number: 3, status: 'BOOKED', slot_id: 'doc1_slot2@2026-11-24' };
    expect((await move(opd, ids['W2'], 'doc1_slot2@2026-11-24')).body).toMatchObject(later);
    // The token moves back, but its first number of the day is not used again.
    expect((await move(opd, ids['W2'], NINE)).body).toMatchObject({ number: 3, status: 'BOOKED' });
    expect(await opd.book('W5', { slot_id: NINE })).toMatchObject({ number: 4 });
  });

  it('with the id of a session goes to its next slot that takes bookings', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1');
    await postOk(opd, `/slots/${TEN}/close`, { reason: 'ill' });
    expect((await move(opd, W1, 'doc1_slot2')).body.slot_id).toBe('doc1_slot2@2026-11-24');
    expect((await move(opd, W1, 'doc2_slot2')).body.slot_id).toBe('doc2_slot2@2026-11-23');
  });

  it('out of an ended slot promotes no token there (R11)', async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'W1 W2 W3 W4');
    opd.now = '2026-11-23T10:30:00Z';
    expect((await move(opd, ids['W4'], TEN)).body).toMatchObject({ status: 'BOOKED' });
    expect((await move(opd, ids['W1'], TEN)).body).toMatchObject({ promoted: null });
    await opd.advanceTo('2026-11-24T08:00:00Z');
    const afterEnd = await move(opd, ids['W2'], 'doc1_slot1');
    expect(afterEnd).toMatchObject({ status: 200, body: { slot_id: 'doc1_slot1@2026-11-24' } });
  });
});

describe('a move to another doctor', () => {
  it("gives the token that doctor's next number, and that doctor can call the patient", async () => {
    const opd = await openApp();
    const ids = await bookAll(opd, 'E1 W2 W3 W4');
    const [W7] = Object.values(await bookAll(opd, 'W7 P8 P9', DOC2_NINE));
    const { body } = await move(opd, ids['E1'], DOC2_NINE);
    expect(body).toMatchObject({
      id: ids['E1'],
      doctor_id: 'doc2',
      slot_id: DOC2_NINE,
      number: 4,
      bumped: { id: W7 },
      promoted: { id: ids['W4'], doctor_id: 'doc1' },
    });
    const doctors = (await historyOf(opd, body.id)).map(({ id }) => id.split(':')[0]);
    expect(doctors).toEqual(['doc1', 'doc1', 'doc2']);
    expect(await postOk(opd, '/check-in', { token_id: body.id })).toMatchObject({
      doctor_id: 'doc2',
    });
    expect(await postOk(opd, '/call-next', { doctor_id: 'doc2' })).toMatchObject({ id: body.id });
    expect(await patientsIn(opd, NINE)).toBe('W2 W3 W4 |');
  });

  it('in both directions at the same instant loses no token and no seat', async () => {
    const { opd, disk } = await openAppOnTestDisk();
    const [here, there] = [
      await bookAll(opd, 'W1 W2 W3 W4'),
      await bookAll(opd, 'W5 W6 W7 W8', DOC2_NINE),
    ];
    const { writes } = disk;
    disk.hold();
    const moves = [move(opd, here['W1'], DOC2_NINE), move(opd, there['W5'], NINE)];
    const isDone = () => opd.engine.slot(slotId(NINE))?.waiting === 1;
    while (disk.writes === writes || !isDone()) await new Promise(setImmediate);
    disk.release();
    expect((await Promise.all(moves)).map(({ status }) => status)).toEqual([200, 200]);
    // The first token of each waitlist took the freed seat.
    expect(await patientsIn(opd, NINE)).toBe('W2 W3 W4 | W5');
    expect(await patientsIn(opd, DOC2_NINE)).toBe('W6 W7 W8 | W1');
  });
});

/** Random bookings, as class and slot, and random moves, as token and slot. */
const traffic = fc.record({
  bookings: fc.array(fc.tuple(fc.constantFrom('E', 'P', 'F', 'W'), fc.nat(3)), {
    minLength: 8,
    maxLength: 30,
  }),
  moves: fc.array(fc.tuple(fc.nat(29), fc.nat(3)), { minLength: 10, maxLength: 60 }),
});

const SLOTS = [NINE, TEN, DOC2_NINE, 'doc2_slot2@2026-11-23'] as const;

it(`many simultaneous moves leave each token in one slot, and no seat free while a token waits ${rerun}`, async () => {
  const property = fc.asyncProperty(traffic, async ({ bookings, moves }) => {
    const opd = await openApp();
    const ids: string[] = [];
    for (const [index, [letter, slot]] of bookings.entries()) {
      const name = `${letter}${index}`;
      ids.push(...Object.values(await bookAll(opd, name, SLOTS[slot])));
    }
    const answers = await Promise.all(
      moves.map(([token, slot]) => move(opd, ids[token % ids.length], SLOTS[slot] ?? NINE)),
    );
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const schedules = await Promise.all(
      ['doc1', 'doc2'].map((id) => opd.get<ScheduleView>(`/schedule?doctor_id=${id}`)),
    );
    const slots = schedules.flatMap(({ body }) => body.slots);
    const live = slots.flatMap(({ tokens, waitlist }) => [...tokens, ...waitlist]);
    expect(live.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    for (const { capacity, seated, waiting, tokens, waitlist } of slots) {
      expect([tokens.length, waitlist.length]).toEqual([seated, waiting]);
      expect(seated).toBe(Math.min(capacity, seated + waiting));
    }
    for (const { id, slot_id, status } of live) {
      expect((await historyOf(opd, id)).at(-1)).toMatchObject({ slot_id, to: status });
    }
    await opd.app.close();
    await opd.store.close();
  });
  await fc.assert(property, { seed, numRuns: inject('isPostgres') ? casesOf(12) : 12 });
});

describe('a refused move changes nothing', () => {
  it.each<[code: string, status: number, slot: string, token: string]>([
    ['slot_not_found', 404, 'x', 'W1'],
    ['slot_not_found', 404, 'x', 'nobody'],
    ['token_not_found', 404, TEN, 'nobody'],
    ['token_already_cancelled', 404, TEN, 'C6'],
    ['duplicate_booking', 409, NINE, 'W1'],
    ['duplicate_booking', 409, 'doc1_slot1', 'W1'],
    ['slot_ended', 409, 'over', 'W1'],
    ['slot_closed', 409, 'closed', 'W1'],
    ['slot_closed', 409, 'closed', 'N5'],
    ['waitlist_full', 409, DOC2_NINE, 'W1'],
    ['invalid_transition', 409, 'doc2_slot2', 'N5'],
  ])('%s %i: to %s, of %s', async (code, status, slot, token) => {
    const opd = await openApp({ waitlistMax: 1 });
    const ids: Record<string, string> = { ...(await bookAll(opd, 'W1 W2 W3')), nobody: 'nobody' };
    Object.assign(
      ids,
      await bookAll(opd, 'W7 W8 W9 W0', DOC2_NINE),
      await bookAll(opd, 'N5 C6', TEN),
    );
    await postOk(opd, '/start', { token_id: ids['N5'] });
    await postOk(opd, '/cancel', { token_id: ids['C6'] });
    const early = { start_time: '2026-11-23T07:40:00Z', end_time: '2026-11-23T07:50:00Z' };
    for (const id of ['over', 'closed']) {
      const single = { doctor_id: 'doc1', id, ...early, capacity: 1 };
      expect(await opd.post('/slots', single)).toMatchObject({ status: 201 });
    }
    await postOk(opd, '/slots/closed/close', { reason: 'ill' });
    opd.now = code === 'slot_ended' ? '2026-11-23T08:20:00Z' : '2026-11-23T08:19:59Z';
    const known = Object.entries(ids).flatMap(([name, id]) => (name === 'nobody' ? [] : [id]));
    const before = await stateOf(opd, known);
    const facts = code === 'duplicate_booking' ? { token_id: ids[token] } : {};
    expect(await move(opd, ids[token], slot)).toMatchObject({ status, body: { code, ...facts } });
    expect(await stateOf(opd, known)).toEqual(before);
  });

  it('and names the token that the patient has in the other slot', async () => {
    const opd = await openApp();
    const patient = { patient_id: 'p1' };
    const [here, there] = [
      await opd.book('W1', patient),
      await opd.book('W1', { ...patient, slot_id: TEN }),
    ];
    const before = await stateOf(opd, [here.id, there.id]);
    const refused = { status: 409, body: { code: 'duplicate_booking', token_id: there.id } };
    expect(await move(opd, here.id, TEN)).toMatchObject(refused);
    expect(await stateOf(opd, [here.id, there.id])).toEqual(before);
  });

  it('when the session of the slot has been removed', async () => {
    const opd = await openApp();
    const { W1 } = await bookAll(opd, 'W1');
    await opd.put('/doctors/doc1', doctorInput({ sessions: [session('doc1_slot1')] }));
    expect(await move(opd, W1, TEN)).toMatchObject({ body: { code: 'slot_closed' } });
    expect(await patientsIn(opd, NINE)).toBe('W1 |');
  });
});
