import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { localDate, slotId, tokenId, type Doctor, type SlotFacts } from '../../src/engine/index.ts';
import { accepted, clock, found, NOW, RAO, SEN } from '../support/engine/clinic.ts';
import { keptAnswer, type OpenStore } from '../support/store/desk.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { EVENING, MORNING } from '../support/engine/week.ts';
import { remembersTheDay } from './restart-day.contract.ts';

const monday = localDate('2026-01-05');

/** A desk that is closed when its test is over. */
async function deskOf(open: OpenStore, now = NOW, rules = {}): Promise<FrontDesk> {
  const desk = new FrontDesk(open, rules);
  onTestFinished(() => desk.store.close().catch(() => undefined));
  return desk.load(now);
}

/** What a store that keeps nothing leaves. */
export function forgets(database: () => OpenStore | Promise<OpenStore>): void {
  it('leaves nothing', async () => {
    const open = await database();
    const before = await deskOf(open);
    await before.put({}, [{}]);
    await before.book('a');
    expect(before.store.isDurable).toBe(false);
    await before.store.close();
    const after = await deskOf(open);
    expect(snapshotOf(after.engine)).toEqual([]);
    expect(await after.store.token(tokenId('a'))).toBeUndefined();
  });
}

/** What a durable store brings back: exactly what can still change. */
export function remembers(database: () => OpenStore | Promise<OpenStore>): void {
  let open: OpenStore;
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

  it('finds nothing in a new database', () => {
    expect(before.store.isDurable).toBe(true);
    expect(snapshotOf(before.engine)).toEqual([]);
  });

  it('finds every doctor, session, slot and live token as it was', async () => {
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

  it('brings back a slot that ended as late as delay and grace allow, four hours before', async () => {
    await before.put({}, [{ delayMinutes: 1_440 }]);
    await before.book('a');
    const late = { graceMinutes: 1_440 };
    expect((await restart(clock(10 + 51, 59), late)).engine.token(tokenId('a'))).toBeDefined();
    expect((await restart(clock(10 + 52), late)).engine.token(tokenId('a'))).toBeUndefined();
  });

  it('finds what was in flight when it was closed', async () => {
    await before.put({}, [{}]);
    const answers = ['a', 'b', 'c'].map((name) => before.book(name));
    const after = await restart();
    expect((await Promise.all(answers)).every(({ ok }) => ok)).toBe(true);
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(before.engine));
  });

  it('takes no slot of a day that is over into memory and can still read it', async () => {
    const ends = (minute: number): Partial<SlotFacts> => ({ endTime: clock(23, minute) });
    await before.put({}, [
      { id: slotId('at eleven'), ...ends(0) },
      { id: slotId('delayed'), ...ends(0), delayMinutes: 31 },
      { id: slotId('after'), ...ends(31) },
    ]);
    await before.book('a', { slotId: slotId('at eleven') });
    // Half an hour and four: past is what ended by 23:30 and whose day is over.
    const after = await restart(clock(28), { graceMinutes: 30 });
    const inMemory = found(after.engine.doctor(RAO)).slots.map(({ facts }) => facts.id);
    expect(inMemory.sort()).toEqual(['after', 'delayed']);
    expect(after.engine.token(tokenId('a'))).toBeUndefined();
    expect(await after.store.token(tokenId('a'))).toMatchObject({ status: 'BOOKED' });
    expect(await after.store.slots(RAO, monday, monday, new Set(inMemory))).toMatchObject([
      { facts: { id: 'at eleven' }, tokens: [{ id: 'a' }] },
    ]);
    expect(await after.store.slot(slotId('at eleven'))).toMatchObject({ tokens: [{ id: 'a' }] });
  });

  const doctorAfter = async (now = NOW, rules = {}): Promise<Doctor> =>
    found((await restart(now, rules)).engine.doctor(RAO));

  it('goes on counting versions, arrivals and numbers, though all their tokens are cancelled', async () => {
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

  it('goes on with the numbers of the day on which the longest slot of all began', async () => {
    // At its place it began on Saturday the 3rd, for a day; with a day of grace it is still open on Tuesday.
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

  it('counts a refused command for nothing', async () => {
    await before.put({}, [{}]);
    const { version } = found(before.engine.doctor(RAO));
    await before.book('a', { slotId: slotId('unknown') }, { kept: keptAnswer() });
    expect(await doctorAfter()).toMatchObject({ version, lastArrival: 0 });
  });

  it('has the sessions of the last revision, in its order', async () => {
    await before.put({ sessions: [MORNING] });
    await before.put({ sessions: [EVENING] });
    await before.put({ sessions: [{ ...MORNING, weekdays: ['sun'], capacity: 9 }, EVENING] });
    const { facts } = await doctorAfter();
    expect(facts).toEqual(found(before.engine.doctor(RAO)).facts);
    expect(facts.sessions.map(({ id }) => id)).toEqual([MORNING.id, EVENING.id]);
  });

  it('does not bring an ended session back', async () => {
    await before.put({ sessions: [MORNING, EVENING] });
    await before.put({ sessions: [EVENING], name: 'Dr. Rao', department: 'Surgery' });
    const after = await restart();
    expect(after.engine.sessionDoctor(MORNING.id)).toBeUndefined();
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(before.engine));
  });

  it('tells the same histories and kept answers, and forgets these after 24 hours', async () => {
    await before.put({}, [{}]);
    await before.book('a', {}, { kept: keptAnswer() });
    await before.cancel('a', undefined, { reason: 'moved away' });
    const told = await before.store.history(tokenId('a'));
    const after = await restart();
    expect(await after.store.history(tokenId('a'))).toEqual(told);
    expect(await after.store.storedResponse('anonymous', 'k1', NOW)).toEqual(keptAnswer());
    expect(await after.store.storedResponse('anonymous', 'k1', clock(8 + 24))).toBeUndefined();
  });

  it('brings an ended slot in for a command that names it', async () => {
    await before.put({}, [{}]);
    await before.book('a');
    const after = await restart(clock(24));
    expect(after.engine.token(tokenId('a'))).toBeUndefined();
    const scope = { doctorIds: [RAO], slotIds: [slotId('nine')] };
    accepted(await after.cancel('a', scope));
    expect(await after.store.token(tokenId('a'))).toMatchObject({ status: 'CANCELLED' });
  });

  remembersTheDay({ before: () => before, restart });
}
