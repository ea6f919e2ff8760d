import { beforeEach, describe, expect, it } from 'vitest';
import { HOSPITAL, TRANSITIONS, type Change } from '../../src/engine/index.ts';
import { EVENT_TYPES, EventLog, type PublicEvent } from '../../src/service/events.ts';
import { eventOf } from '../../src/http/resources/event.ts';
import { clock, RAO } from '../support/engine/clinic.ts';
import { MEMORY } from '../support/store/database-under-test.ts';
import { FrontDesk } from '../support/store/front-desk.ts';

let desk: FrontDesk;
let log: EventLog;

beforeEach(async () => {
  desk = await new FrontDesk(await MEMORY.database()).load();
  log = new EventLog(desk.changeLog);
  await desk.openSlots();
});

const eventsBehind = async (cursor: string): Promise<readonly PublicEvent[]> =>
  (await log.since(cursor, 1_000)).events;

/** What an event tells, in short. */
const short = ({ type, tokenId, slotId, oldStatus, newStatus, ...rest }: PublicEvent): string =>
  [
    ...[type, tokenId ?? slotId, `${oldStatus ?? '-'}>${newStatus ?? '-'}`],
    ...(rest.waitlistPosition === null ? [] : [`position ${rest.waitlistPosition}`]),
    ...(rest.cause === null ? [] : [`by ${rest.cause}`]),
    ...(rest.room === null ? [] : [`room ${rest.room}`]),
  ].join(' ');

/** The events of what `act` does. */
async function eventsOf(act: () => Promise<unknown>): Promise<string[]> {
  const cursor = await log.end();
  await act();
  return (await eventsBehind(cursor)).map(short);
}

it('a booking tells whether the token waits, and a bump whom it displaces', async () => {
  expect(await eventsOf(() => desk.admit('nine', 'W1 W2 W3 E1'))).toEqual([
    'token.booked W1 ->BOOKED',
    'token.booked W2 ->BOOKED',
    'token.waitlisted W3 ->WAITING position 1',
    'token.bumped W2 BOOKED>WAITING position 1 by E1',
    'token.booked E1 ->BOOKED',
  ]);
});

it('a cancellation tells whom it promotes', async () => {
  await desk.admit('nine', 'W1 W2 W3');
  expect(await eventsOf(() => desk.leave('W1'))).toEqual([
    'token.cancelled W1 BOOKED>CANCELLED',
    'token.promoted W3 WAITING>BOOKED by W1',
  ]);
});

it('a token that leaves a slot and one that enters it are two events of a move', async () => {
  await desk.admit('nine', 'W1');
  expect(await eventsOf(() => desk.move('W1', 'other'))).toEqual([
    'token.moved W1 BOOKED>-',
    'token.moved W1 ->BOOKED',
  ]);
});

it('the desk is told check-in, call with the room, skip, undo, no-show and completion', async () => {
  await desk.admit('nine', 'W1 W2');
  expect(
    await eventsOf(async () => {
      await desk.checkIn('W1 W2');
      await desk.start('W1', '4');
      await desk.complete('W1');
      await desk.skip('W2');
      await desk.undo('W2');
      await desk.noShow('W2');
    }),
  ).toEqual([
    'token.checked_in W1 BOOKED>CHECKED_IN',
    'token.checked_in W2 BOOKED>CHECKED_IN',
    'token.called W1 CHECKED_IN>IN_CONSULTATION room 4',
    'token.completed W1 IN_CONSULTATION>COMPLETED',
    'token.skipped W2 CHECKED_IN>SKIPPED',
    'token.undone W2 SKIPPED>CHECKED_IN',
    'token.no_show W2 CHECKED_IN>NO_SHOW',
  ]);
});

it('a slot is closed and reopened by its facts before, not by those of its new record alone', async () => {
  expect(
    await eventsOf(async () => {
      await desk.revise('ten', 3);
      await desk.close('ten');
      await desk.reopen('ten');
    }),
  ).toEqual(['slot.changed ten ->-', 'slot.closed ten ->-', 'slot.reopened ten ->-']);
});

it('a break and a change of the doctor are events without a token', async () => {
  const cursor = await log.end();
  await desk.pause(RAO, 10);
  await desk.put({ id: RAO, name: 'Dr Rao-Sen' });
  const [paused, changed] = await eventsBehind(cursor);
  expect(paused).toMatchObject({ type: 'doctor.break', token: null, doctorId: RAO });
  expect(paused?.breakUntil).toBe(desk.at + 600_000);
  expect(changed).toMatchObject({ type: 'doctor.changed', token: null, breakUntil: null });
});

it('waiting tokens of an ended slot expire', async () => {
  await desk.admit('nine', 'W1 W2 W3');
  desk.at = clock(20);
  expect(await eventsOf(() => desk.passTime())).toContain('token.expired W3 WAITING>EXPIRED');
});

describe('facts that a record lacks come from the record before it', () => {
  beforeEach(async () => {
    await desk.admit('nine', 'W1 W2');
    await desk.move('W2', 'ten');
    await desk.reclassify('W1', 'FOLLOW_UP');
    await desk.correct('W1', 'Asha');
    await desk.leave('W1');
    await desk.reclassify('W2', 'ONLINE_BOOKING');
  });

  it.each([1, 2, 3, 100])('also in pages of %i', async (limit) => {
    const whole = await eventsBehind(log.beginning);
    const read: PublicEvent[] = [];
    for (let cursor = log.beginning; ;) {
      const page = await log.since(cursor, limit);
      read.push(...page.events);
      cursor = page.cursor;
      if (page.isEnd) break;
    }
    expect(read).toEqual(whole);
    const told = whole
      .filter(({ tokenId }) => tokenId === 'W1')
      .map(
        ({ type, token }) => `${type} ${token?.number} ${token?.patientType} ${token?.patientName}`,
      );
    expect(told).toEqual([
      'token.booked 1 WALK_IN patient W1',
      'token.reclassified 1 FOLLOW_UP patient W1',
      'token.corrected 1 FOLLOW_UP Asha',
      'token.cancelled 1 FOLLOW_UP Asha',
    ]);
  });

  it('an event does not change when the token changes later', async () => {
    const before = await eventsBehind(log.beginning);
    await desk.reclassify('W2', 'EMERGENCY');
    await desk.correct('W2', 'Someone else');
    expect((await eventsBehind(log.beginning)).slice(0, before.length)).toEqual(before);
  });
});

it('the place on the waitlist is that of the answer', async () => {
  await desk.admit('nine', 'W1 W2 F3 W4');
  const cursor = await log.end();
  const outcome = await desk.book('O5', { patientType: 'ONLINE_BOOKING' });
  const token = outcome.ok ? outcome.value.token : undefined;
  const events = await eventsBehind(cursor);
  const booked = events.find(({ tokenId }) => tokenId === 'O5');
  expect(booked?.waitlistPosition ?? null).toBe(token?.slot.waitlistPositionOf(token) ?? null);
});

describe('what is shown', () => {
  const EVENT: PublicEvent = {
    ...{ id: 'c', type: 'token.bumped', at: clock(9), doctorId: RAO, version: 7 },
    ...{ slotId: 'nine', tokenId: 'W1', room: null, oldStatus: 'BOOKED', newStatus: 'WAITING' },
    ...{ waitlistPosition: 2, cause: 'E1', breakUntil: null },
    token: {
      ...{ id: 'W1', number: 3, patientType: 'WALK_IN', patientName: 'Asha' },
      ...{ patientId: 'p-1', bookedBy: 'desk' },
    },
  } as unknown as PublicEvent;

  it('names and ids of patients are shown to those who see the patients', () => {
    expect(eventOf(EVENT, 'patients')).toMatchObject({ patient_name: 'Asha', patient_id: 'p-1' });
  });

  it('nothing else shows them, and a public screen gets no id of a token either', () => {
    const ids = JSON.stringify(eventOf(EVENT, 'ids'));
    expect(ids).toContain('"token_id":"W1"');
    for (const detail of ['ids', 'numbers'] as const)
      expect(JSON.stringify(eventOf(EVENT, detail))).not.toMatch(/Asha|p-1|patient_name/);
    expect(JSON.stringify(eventOf(EVENT, 'numbers'))).not.toMatch(/W1|E1/);
  });

  it('an event of the holidays names no doctor', () => {
    expect(eventOf({ ...EVENT, doctorId: HOSPITAL }, 'ids').doctor_id).toBeNull();
  });
});

it('every kind of change was told, and every type of event', async () => {
  await desk.admit('nine', 'W1 W2 W3 W4 E1');
  await desk.move('W4', 'ten');
  await desk.checkIn('W1');
  await desk.skip('W1');
  await desk.undo('W1');
  await desk.start('W1');
  await desk.complete('W1');
  await desk.reclassify('W3', 'FOLLOW_UP');
  await desk.correct('W3', 'Asha');
  await desk.noShow('E1');
  await desk.admit('nine', 'F5 W6');
  await desk.leave('W4');
  await desk.revise('morrow', 3);
  await desk.close('morrow');
  await desk.reopen('morrow');
  await desk.pause(RAO, 5);
  desk.at = clock(20);
  await desk.passTime();
  const { entries } = await desk.changeLog.since(log.beginning, 1_000);
  const events = await eventsBehind(log.beginning);
  expect(events).toHaveLength(entries.length);
  const others: Change['kind'][] = ['doctor_set', 'slot_set', 'break_set', 'booked', 'moved_in'];
  const kinds = [...others, 'moved_out', 'reclassified', 'corrected', 'undone'];
  expect(new Set(entries.map(({ change }) => change.kind))).toEqual(
    new Set([...kinds, ...Object.keys(TRANSITIONS)]),
  );
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(EVENT_TYPES));
});
