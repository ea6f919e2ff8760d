import { beforeEach, expect, it, onTestFinished } from 'vitest';
import {
  localDate,
  slotId,
  slotIdOf,
  tokenId,
  type Change,
  type Token,
} from '../../src/engine/index.ts';
import { clock, found, RAO, SEN, TODAY, TOMORROW } from '../support/engine/clinic.ts';
import { decided, type OpenDatabase } from '../support/store/desk.ts';
import { FrontDesk } from '../support/store/front-desk.ts';
import { allOf, liveTokensOf } from '../support/store/pages.ts';

/** A token in memory, in the form in which the store has it. */
const asStored = (token: Token) => ({
  id: token.id,
  doctorId: token.slot.doctor.facts.id,
  slotId: token.slot.facts.id,
  patientName: token.patientName,
  patientId: token.patientId,
  patientType: token.patientClass.type,
  priority: token.patientClass.priority,
  arrival: token.arrival,
  number: token.number,
  bookedAt: token.bookedAt,
  status: token.status,
  hasCheckedIn: token.hasCheckedIn,
  room: token.room,
  last: token.last,
});

/** Tests what a store has after the commands of a clinic's day. */
export function clinicDayTests(database: () => OpenDatabase | Promise<OpenDatabase>): void {
  let desk: FrontDesk;

  beforeEach(async () => {
    desk = new FrontDesk(await database());
    onTestFinished(() => desk.store.close());
    await desk.load();
    await desk.openSlots();
  });

  const read = async (name: string) => found(await desk.archive.token(tokenId(name)));
  const historyOf = async (name: string) =>
    (await allOf(desk.archive.history(tokenId(name)))).map(
      ({ doctorId, version, kind, from, to, patientType }) =>
        `${doctorId}:${version} ${kind}: ${from} to ${to}, ${patientType}`,
    );
  const versionOf = (doctor = RAO): number => found(desk.engine.doctor(doctor)).version;

  it.each<[step: string, play: () => Promise<void>]>([
    ['checked in', () => desk.checkIn('W1')],
    ['started', () => desk.start('W1')],
    [
      'checked in, then bumped',
      () => desk.checkIn('W1 W2').then(() => desk.admit('nine', 'E1 E2')),
    ],
    ['promoted again', () => desk.admit('nine', 'E1 E2').then(() => desk.leave('E1 E2'))],
    ['moved within the day', () => desk.checkIn('W1').then(() => desk.move('W1', 'ten'))],
    ['moved to another day', () => desk.checkIn('W1').then(() => desk.move('W1', 'morrow'))],
    ['moved to another doctor', () => desk.move('W1', 'other')],
    ['moved there and back', () => desk.move('W1', 'other').then(() => desk.move('W1', 'nine'))],
    ['given another class', () => desk.reclassify('W1', 'FOLLOW_UP')],
    ['bumped because seats were removed', () => desk.revise('nine', 1)],
    ['moved by the hospital', () => desk.close('nine', 'ten')],
  ])('a token that was %s is stored as it is in memory', async (_, play) => {
    await desk.admit('nine', 'W1 W2 W3');
    await play();
    for (const name of ['W1', 'W2', 'W3'])
      expect(await read(name)).toEqual(asStored(found(desk.engine.token(tokenId(name)))));
  });

  it('a token that is over is still stored as checked in', async () => {
    await desk.admit('nine', 'W1 W2');
    await desk.checkIn('W1');
    await desk.noShow('W1 W2');
    expect(await read('W1')).toMatchObject({ status: 'NO_SHOW', hasCheckedIn: true });
    expect(await read('W2')).toMatchObject({ status: 'NO_SHOW', hasCheckedIn: false });
  });

  it('a completed token and an expired one still belong to their slot', async () => {
    await desk.admit('nine', 'W1 W2 W3');
    await desk.start('W1');
    await desk.complete('W1');
    desk.at = clock(10);
    await desk.passTime();
    expect(await read('W1')).toMatchObject({ status: 'COMPLETED', hasCheckedIn: true });
    expect(await read('W3')).toMatchObject({ status: 'EXPIRED', hasCheckedIn: false });
    const tokens = await liveTokensOf(desk.archive, slotId('nine'));
    expect(tokens.map(({ id }) => id).sort()).toEqual(['W1', 'W2']);
  });

  it('a moved token is in its new slot and in no other', async () => {
    await desk.admit('nine', 'W1');
    await desk.move('W1', 'other');
    const tokensOf = (slot: string) => liveTokensOf(desk.archive, slotId(slot));
    expect(await tokensOf('nine')).toEqual([]);
    expect(await tokensOf('other')).toMatchObject([{ id: 'W1', doctorId: SEN, number: 1 }]);
  });

  it('the last number is the highest one, although a lower one has moved in since (R10)', async () => {
    await desk.admit('nine', 'W1');
    await desk.admit('ten', 'W2');
    await desk.move('W1', 'ten');
    expect((await read('W1')).number).toBe(1);
    const { engine, store } = desk;
    const ten = slotId('ten');
    engine.evictSlot(found(engine.slot(ten)));
    found(engine.doctor(RAO)).evictDaysBefore(localDate('9999-12-31'));
    // A command that names the slot loads it.
    const nothing = decided({ ok: true, changes: [], value: null });
    await store.transact({ doctorIds: [RAO], slotIds: [ten] }, () => nothing);
    expect(found(engine.slot(ten)).day.lastNumber).toBe(2);
  });

  it('a history has the statuses before and after each change, and the class that the token got', async () => {
    await desk.admit('nine', 'W1');
    const version = versionOf();
    await desk.reclassify('W1', 'FOLLOW_UP');
    await desk.checkIn('W1');
    await desk.move('W1', 'ten');
    await desk.start('W1');
    expect(await historyOf('W1')).toEqual([
      `rao:${version} booked: null to BOOKED, WALK_IN`,
      `rao:${version + 1} reclassified: BOOKED to BOOKED, FOLLOW_UP`,
      `rao:${version + 2} checked_in: BOOKED to CHECKED_IN, null`,
      `rao:${version + 3} moved_out: CHECKED_IN to null, null`,
      `rao:${version + 4} moved_in: null to CHECKED_IN, FOLLOW_UP`,
      `rao:${version + 5} started: CHECKED_IN to IN_CONSULTATION, null`,
    ]);
  });

  it("a history across doctors is in the order of time, not of the doctors' versions", async () => {
    await desk.admit('nine', 'W1');
    const [rao, sen] = [versionOf(RAO), versionOf(SEN)];
    await desk.move('W1', 'other');
    await desk.move('W1', 'ten');
    expect((await historyOf('W1')).map((line) => line.split(':', 2).join(':'))).toEqual([
      `rao:${rao} booked`,
      `rao:${rao + 1} moved_out`,
      `sen:${sen + 1} moved_in`,
      `sen:${sen + 2} moved_out`,
      `rao:${rao + 2} moved_in`,
    ]);
  });

  it('a reason is recorded for the tokens of the command, and not for tokens that it only touched', async () => {
    const reasons = async (name: string) =>
      (await allOf(desk.archive.history(tokenId(name)))).map(
        ({ kind, reason }) => `${kind} ${reason}`,
      );
    await desk.admit('nine', 'W1 W2 W3');
    desk.reason = 'chest pain';
    await desk.reclassify('W3', 'EMERGENCY');
    expect(await reasons('W3')).toEqual([
      'booked null',
      'reclassified chest pain',
      'promoted null',
    ]);
    expect(await reasons('W2')).toEqual(['booked null', 'bumped null']);
    desk.reason = 'two chairs';
    await desk.revise('nine', 3);
    expect(await reasons('W2')).toEqual(['booked null', 'bumped null', 'promoted null']);
    await desk.revise('nine', 2);
    expect((await reasons('W2')).at(-1)).toBe('bumped null');
    desk.reason = 'the doctor is ill';
    await desk.close('nine', 'ten');
    expect((await reasons('W1')).slice(-2)).toEqual([
      'moved_out the doctor is ill',
      'moved_in the doctor is ill',
    ]);
  });

  it('slots in `except` are left out', async () => {
    const read = async (...except: string[]) =>
      (await desk.archive.slots(RAO, TODAY, TOMORROW, new Set(except.map(slotId)))).map(
        ({ id }) => id,
      );
    expect(await read('nine', 'ten', 'morrow')).toEqual([]);
    expect(await read('ten', 'morrow')).toEqual(['nine']);
    expect(await read()).toEqual(['nine', 'ten', 'morrow']);
  });

  it('the changes of a slot are all changes that the engine applied to it', async () => {
    const applied: Change[] = [];
    const { engine } = desk;
    const apply = engine.apply.bind(engine);
    engine.apply = (change) => void (apply(change), applied.push(change));
    await desk.admit('nine', 'W1 W2 W3 F1');
    await desk.checkIn('W1');
    await desk.move('W3', 'ten');
    await desk.reclassify('W2', 'EMERGENCY');
    await desk.move('W3', 'nine');
    await desk.start('W2');
    await desk.complete('W2');
    await desk.move('F1', 'other');
    await desk.revise('nine', 1);
    await desk.revise('nine', 3);
    await desk.leave('W1');
    await desk.close('nine', 'ten');
    await desk.leave('F1');
    for (const id of ['nine', 'ten', 'other', 'morrow']) {
      const expected = applied.filter((change) => slotIdOf(change) === id);
      // The slots were opened before the recording of the changes began.
      const [opened, ...changes] = await allOf(desk.archive.slotChanges(slotId(id)));
      expect(opened).toMatchObject({ kind: 'slot_set', slot: { id } });
      expect(changes).toEqual(expected);
    }
    expect(new Set(applied.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(10);
  });

  it('an unknown slot has no changes', async () => {
    expect(await allOf(desk.archive.slotChanges(slotId('unknown')))).toEqual([]);
  });
}
