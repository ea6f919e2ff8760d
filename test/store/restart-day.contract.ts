import { expect, it } from 'vitest';
import { DEFAULT_CLASSES, localDate, slotId, tokenId } from '../../src/engine/index.ts';
import { clock, found, NOW, RAO, SEN, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import type { FrontDesk } from '../support/store/front-desk.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';

/** The desk of a durable store, and a function that restarts the process at an instant and returns the new desk. */
export interface Restart {
  readonly before: () => FrontDesk;
  readonly restart: (now?: typeof NOW, rules?: object) => Promise<FrontDesk>;
}

/** Tests what a durable store loads of a clinic's day after a restart. */
export function restartDayTests({ before, restart }: Restart): void {
  it('checked-in, started, completed, moved and reclassified tokens are loaded unchanged', async () => {
    const desk = before();
    await desk.openSlots();
    await desk.admit('nine', 'W1 W2 W3 F1 F2');
    await desk.checkIn('F1 F2');
    await desk.start('F1');
    await desk.admit('nine', 'E1');
    await desk.move('W1', 'ten');
    await desk.move('W2', 'morrow');
    await desk.move('W3', 'other');
    await desk.reclassify('W1', 'PAID_PRIORITY');
    await desk.complete('F1');
    await desk.checkIn('E1');
    await desk.start('E1');
    await desk.revise('ten', 1);
    const statuses = Array.from(desk.engine.tokens, ({ status }) => status);
    expect(statuses.sort().join()).toBe('BOOKED,BOOKED,BOOKED,COMPLETED,IN_CONSULTATION,WAITING');
    const after = await restart();
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(desk.engine));
    const second = { tokenId: tokenId('W1'), today: TODAY, room: null, at: NOW };
    expect(after.engine.start(second)).toMatchObject({
      refusal: { code: 'consultation_in_progress', tokenId: 'E1' },
    });
  });

  it('skipped, undone and over tokens, rooms, and the break of a doctor are loaded unchanged', async () => {
    const desk = before();
    await desk.put({ id: RAO, rooms: 2 }, [{ capacity: 4 }]);
    await desk.admit('nine', 'W1 W2 W3 W4 F5');
    await desk.checkIn('W1 W2');
    await desk.start('W1', 'A');
    await desk.start('W2', 'B');
    await desk.complete('W2');
    await desk.undo('W2');
    await desk.leave('W3');
    await desk.noShow('W4');
    await desk.skip('W1');
    await desk.pause(RAO, 20);
    const after = await restart();
    expect(snapshotOf(after.engine)).toEqual(snapshotOf(desk.engine));
    expect(after.engine.doctor(RAO)?.breakUntil).toBe(NOW + 20 * 60_000);
    expect(after.engine.anyToken(tokenId('W2'))).toMatchObject({
      ...{ status: 'IN_CONSULTATION', room: 'B' },
      last: { kind: 'undone', from: null },
    });
    // What can be taken back is known after the restart too, also of tokens that are over.
    const undone = (name: string) =>
      after.engine.undo({ tokenId: tokenId(name), today: TODAY, at: NOW });
    expect(undone('W1')).toMatchObject({ value: { undone: 'skipped', token: { room: 'A' } } });
    expect(undone('W4')).toMatchObject({
      value: { undone: 'no_show', token: { status: 'BOOKED' } },
    });
    expect(undone('W3')).toMatchObject({ value: { undone: 'cancelled' } });
    expect(undone('W2')).toMatchObject({
      refusal: { code: 'nothing_to_undo', lastChange: 'undone' },
    });
  });

  it('a bumped token that had checked in is CHECKED_IN when it is promoted after a restart', async () => {
    await before().openSlots();
    await before().admit('other', 'W1');
    await before().checkIn('W1');
    await before().admit('other', 'E1');
    const after = await restart();
    await after.leave('E1');
    expect(after.engine.token(tokenId('W1'))).toMatchObject({ status: 'CHECKED_IN' });
  });

  it('numbers and arrivals continue where a token moved in, although it is cancelled', async () => {
    const desk = before();
    await desk.openSlots();
    await desk.admit('nine', 'W1 W2');
    await desk.move('W1', 'other');
    await desk.move('W2', 'morrow');
    await desk.leave('W1 W2');
    const { engine } = await restart();
    const [rao, sen] = [found(engine.doctor(RAO)), found(engine.doctor(SEN))];
    expect(rao).toMatchObject({ version: desk.engine.doctor(RAO)?.version, lastArrival: 3 });
    expect(sen).toMatchObject({ version: desk.engine.doctor(SEN)?.version, lastArrival: 1 });
    const lastOf = (doctor: typeof rao, date = TODAY) => doctor.day(date).lastNumber;
    expect([lastOf(rao), lastOf(rao, TOMORROW), lastOf(sen)]).toEqual([2, 1, 1]);
  });

  it('a token has the priority that its class had when it got the class, although the class table has changed', async () => {
    await before().openSlots();
    await before().admit('other', 'W1 W2');
    await before().reclassify('W2', 'FOLLOW_UP');
    const classes = DEFAULT_CLASSES.map(({ type, priority }) => ({ type, priority: 2 * priority }));
    const { engine } = await restart(NOW, { classes });
    const classOf = (name: string) => engine.token(tokenId(name))?.patientClass;
    expect(classOf('W1')).toEqual({ type: 'WALK_IN', priority: 20 });
    expect(classOf('W2')).toEqual({ type: 'FOLLOW_UP', priority: 60 });
  });

  it('an ended slot is loaded while its day lasts, and no slot of a day that is over', async () => {
    const yesterday = { date: localDate('2026-01-04'), startTime: clock(-2), endTime: clock(-1) };
    await before().put({}, [
      { id: slotId('yesterday'), ...yesterday },
      { id: slotId('past midnight'), ...yesterday, endTime: clock(6) },
      { id: slotId('this morning'), startTime: clock(5), endTime: clock(6) },
    ]);
    const slotsAt = async (now: typeof NOW) =>
      found((await restart(now)).engine.doctor(RAO))
        .slots.map(({ facts }) => facts.id)
        .sort();
    expect(await slotsAt(clock(5))).toEqual(['past midnight', 'this morning']);
    expect(await slotsAt(clock(23))).toEqual(['this morning']);
    expect(await slotsAt(clock(24))).toEqual([]);
  });

  it('every slot with a waiting token is loaded, however long ago it ended', async () => {
    await before().put({}, [{}, { id: slotId('ten') }]);
    await before().admit('nine', 'W1 W2');
    await before().admit('ten', 'W3');
    const aYear = clock(365 * 24);
    const after = await restart(aYear);
    expect(found(after.engine.doctor(RAO)).slots.map(({ facts }) => facts.id)).toEqual(['nine']);
    expect(after.engine.token(tokenId('W1'))).toMatchObject({ status: 'BOOKED', number: 1 });
    after.at = aYear;
    await after.passTime();
    expect(await after.archive.token(tokenId('W2'))).toMatchObject({ status: 'EXPIRED' });
    expect(found((await restart(aYear)).engine.doctor(RAO)).slots).toEqual([]);
  });
}
