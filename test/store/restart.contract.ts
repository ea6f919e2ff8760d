import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { localDate, slotId, tokenId, type Doctor, type SlotFacts } from '../../src/engine/index.ts';
import { accepted, clock, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { storedResponse, type OpenDatabase } from '../support/store/desk.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { EVENING, MORNING } from '../support/engine/week.ts';
import { restartDayTests } from './restart-day.contract.ts';
import { allOf, liveTokensOf } from '../support/store/pages.ts';

const monday = localDate('2026-01-05');

/** Opens a desk that is closed when the test ends. */
async function deskOf(open: OpenDatabase, now = NOW, rules = {}): Promise<FrontDesk> {
  const desk = new FrontDesk(open, rules);
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk.load(now);
}

/** Tests that a store in memory loses everything at a restart. */
export function lossTests(database: () => OpenDatabase | Promise<OpenDatabase>): void {
  it('nothing is loaded after a restart', async () => {
    const open = await database();
    const before = await deskOf(open);
    await before.put({}, [{}]);
    await before.book('a');
    expect(before.store.isDurable).toBe(false);
    await before.store.close();
    const after = await deskOf(open);
    expect(snapshotOf(after.engine)).toEqual([]);
    expect(await after.archive.token(tokenId('a'))).toBeUndefined();
  });
}

/** Tests that a durable store loads after a restart exactly what can still change. */
export function restartTests(database: () => OpenDatabase | Promise<OpenDatabase>): void {
  let open: OpenDatabase;
  let before: FrontDesk;
  let current: FrontDesk;

  beforeEach(async () => {
    open = await database();
    before = await deskOf(open);
    current = before;
  });

  const restart = async (now = NOW, rules = {}): Promise<FrontDesk> => {
    await current.store.close();
    current = await deskOf(open, now, rules);
    return current;
  };

  it('a new database has no doctors', () => {
    expect(before.store.isDurable).toBe(true);
    expect(snapshotOf(before.engine)).toEqual([]);
  });

  it('every doctor, session, slot and live token is loaded unchanged', async () => {
    await before.put({ department: null, timeZone: 'Asia/Kolkata', sessions: [EVENING, MORNING] }, [
      { capacity: 2, sessionId: MORNING.id },
      { id: slotId('closed'), closedReason: 'session_ended', sessionId: EVENING.id },
    ]);
    await before.put({ id: SEN }, [{ id: slotId('late'), delayMinutes: 45 }]);
    for (const name of ['a', 'b', 'c', 'd']) await before.book(name, { patientId: null });
    await before.book('e', { patientType: 'EMERGENCY' });
    await before.cancel('c');
    const after = await restart();
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(before.engine));
    expect(after.engine.sessionDoctor(EVENING.id)).toBeDefined();
  });

  it('a slot with the greatest delay and grace is loaded until four hours after its end', async () => {
    await before.put({}, [{ delayMinutes: 1_440 }]);
    await before.book('a');
    const late = { graceMinutes: 1_440 };
    expect((await restart(clock(10 + 51, 59), late)).engine.token(tokenId('a'))).toBeDefined();
    expect((await restart(clock(10 + 52), late)).engine.token(tokenId('a'))).toBeUndefined();
  });

  it('commands in flight at the close are durable after a restart', async () => {
    await before.put({}, [{}]);
    const answers = ['a', 'b', 'c'].map((name) => before.book(name));
    const after = await restart();
    expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(before.engine));
  });

  it('a slot of a day that is over is not loaded, but the archive can read it', async () => {
    const ends = (minute: number): Partial<SlotFacts> => ({ endTime: clock(23, minute) });
    await before.put({}, [
      { id: slotId('at eleven'), ...ends(0) },
      { id: slotId('delayed'), ...ends(0), delayMinutes: 31 },
      { id: slotId('after'), ...ends(31) },
    ]);
    await before.book('a', { slotId: slotId('at eleven') });
    // The grace and four hours are over at 28:00 for slots that ended by 23:30. The day of the slots is over too.
    const after = await restart(clock(28), { graceMinutes: 30 });
    const inMemory = found(after.engine.doctor(RAO)).slots.map(({ facts }) => facts.id);
    expect(inMemory.sort()).toEqual(['after', 'delayed']);
    expect(after.engine.token(tokenId('a'))).toBeUndefined();
    expect(await after.archive.token(tokenId('a'))).toMatchObject({ status: 'BOOKED' });
    expect(await after.archive.slots(RAO, monday, monday, new Set(inMemory))).toMatchObject([
      { id: 'at eleven' },
    ]);
    expect(await liveTokensOf(after.archive, slotId('at eleven'))).toMatchObject([{ id: 'a' }]);
  });

  const doctorAfter = async (now = NOW, rules = {}): Promise<Doctor> =>
    found((await restart(now, rules)).engine.doctor(RAO));

  it('versions, arrivals and numbers continue after a restart, although all their tokens are cancelled', async () => {
    await before.put({}, [{}, { id: slotId('tomorrow'), date: localDate('2026-01-06') }]);
    for (const name of ['a', 'b', 'c']) await before.book(name);
    await before.book('d', { slotId: slotId('tomorrow') });
    for (const name of ['a', 'b', 'c', 'd']) await before.cancel(name);
    const { version, lastArrival } = found(before.engine.doctor(RAO));
    const doctor = await doctorAfter();
    expect(doctor).toMatchObject({ version, lastArrival });
    expect(lastArrival).toBe(4);
    expect(doctor.day(monday).lastNumber).toBe(3);
    expect(doctor.day(localDate('2026-01-06')).lastNumber).toBe(1);
  });

  it('the numbers of the day on which the longest possible slot began continue after a restart', async () => {
    // By its local time the slot began on Saturday the 3rd and lasts a day. With a day of grace it is open on Tuesday.
    const saturday = localDate('2026-01-03');
    const [startTime, endTime] = [clock(5 - 24), clock(5)];
    const slot = { id: slotId('long'), date: saturday, startTime, endTime };
    const rules = { graceMinutes: 1_440 };
    before = await restart(NOW, rules);
    await before.put({ timeZone: 'Pacific/Pago_Pago' }, [slot]);
    await before.book('a', { slotId: slot.id });
    await before.cancel('a');
    const doctor = await doctorAfter(clock(4 + 24), rules);
    expect(doctor.slots.map(({ facts }) => facts.id)).toEqual(['long']);
    expect(doctor.day(saturday).lastNumber).toBe(1);
  });

  it('a refused command changes neither version nor arrival', async () => {
    await before.put({}, [{}]);
    const { version } = found(before.engine.doctor(RAO));
    await before.book('a', { slotId: slotId('unknown') }, { response: storedResponse() });
    expect(await doctorAfter()).toMatchObject({ version, lastArrival: 0 });
  });

  it('the sessions of the last revision are loaded, in its order', async () => {
    await before.put({ sessions: [MORNING] });
    await before.put({ sessions: [EVENING] });
    await before.put({ sessions: [{ ...MORNING, weekdays: ['sun'], capacity: 9 }, EVENING] });
    const { facts } = await doctorAfter();
    expect(facts).toEqual(found(before.engine.doctor(RAO)).facts);
    expect(facts.sessions.map(({ id }) => id)).toEqual([MORNING.id, EVENING.id]);
  });

  it('a removed session is not loaded', async () => {
    await before.put({ sessions: [MORNING, EVENING] });
    await before.put({ sessions: [EVENING], name: 'Dr. Rao', department: 'Surgery' });
    const after = await restart();
    expect(after.engine.sessionDoctor(MORNING.id)).toBeUndefined();
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(before.engine));
  });

  it('an ended slot is loaded for a command that names it', async () => {
    await before.put({}, [{}]);
    await before.book('a');
    const after = await restart(clock(24));
    expect(after.engine.token(tokenId('a'))).toBeUndefined();
    const scope = { doctorIds: [RAO], slotIds: [slotId('nine')] };
    accepted(await after.cancel('a', scope));
    expect(await after.archive.token(tokenId('a'))).toMatchObject({ status: 'CANCELLED' });
  });

  restartDayTests({ before: () => before, restart });
}

/** Tests what a durable archive reads after a restart. */
export function restartedArchiveTests(database: () => OpenDatabase | Promise<OpenDatabase>): void {
  it('histories and stored responses are the same after a restart, and the responses expire after 24 hours', async () => {
    const open = await database();
    const before = await deskOf(open);
    await before.put({}, [{}]);
    await before.book('a', {}, { response: storedResponse() });
    await before.cancel('a', undefined, { reason: 'moved away' });
    const history = await allOf(before.archive.history(tokenId('a')));
    await before.store.close();
    const after = await deskOf(open);
    expect(await allOf(after.archive.history(tokenId('a')))).toEqual(history);
    expect(await after.archive.storedResponse('anonymous', 'k1', NOW)).toEqual(storedResponse());
    expect(await after.archive.storedResponse('anonymous', 'k1', clock(8 + 24))).toBeUndefined();
  });
}
