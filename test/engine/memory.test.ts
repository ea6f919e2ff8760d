import { describe, expect, it } from 'vitest';
import {
  doctorId,
  epochMs,
  localDate,
  sessionId,
  slotId,
  type EpochMs,
  type LocalDate,
} from '../../src/engine/index.ts';
import {
  accepted,
  Clinic,
  clock,
  doctorFacts,
  found,
  given,
  NOW,
  slotFacts,
} from '../support/engine/clinic.ts';
import { restored, snapshotOf } from '../support/engine/snapshot.ts';
import { MORNING, put, week } from '../support/engine/week.ts';

const RAO = doctorId('rao');
const today = localDate('2026-01-05');

describe('evicting', () => {
  it('a slot evicts its tokens, seated and waiting, and no other slot', () => {
    const clinic = given(1, 'W1 W2:WAITING');
    const later = slotFacts({ id: slotId('later'), startTime: clock(14), endTime: clock(15) });
    clinic.engine.addSlot(later, NOW);
    clinic.book('W3', { slotId: later.id });
    clinic.engine.evictSlot(clinic.slot);
    expect(clinic.engine.slot(clinic.slot.facts.id)).toBeUndefined();
    expect(clinic.cancel('W1')).toMatchObject({ refusal: { code: 'token_not_found' } });
    expect(clinic.cancel('W2')).toMatchObject({ refusal: { code: 'token_not_found' } });
    expect(snapshotOf(clinic.engine)[0]?.slots).toMatchObject([{ facts: later, seated: 1 }]);
  });

  it('a slot does not evict the numbers of its day (R10)', () => {
    const clinic = given(1, 'W1 W2:WAITING');
    clinic.engine.evictSlot(clinic.slot);
    clinic.engine.addSlot(slotFacts({ id: slotId('later') }), NOW);
    const { token } = accepted(clinic.book('W3', { slotId: slotId('later') })).value;
    expect(token).toMatchObject({ number: 3, arrival: 3 });
  });

  it('a doctor evicts sessions, slots and tokens', () => {
    const engine = week(MORNING);
    engine.evictDoctor(RAO);
    expect(engine.doctor(RAO)).toBeUndefined();
    expect(snapshotOf(engine)).toEqual([]);
    expect(put(engine, [MORNING], { id: doctorId('sen') }).ok).toBe(true);
  });

  it('a doctor does not evict a session that belongs to another doctor by now', () => {
    const engine = week(MORNING);
    const sen = doctorFacts({ id: doctorId('sen'), sessions: [MORNING] });
    engine.restoreDoctor({
      facts: sen,
      version: 1,
      lastArrival: 0,
      lastNumbers: [],
      breakUntil: null,
    });
    engine.evictDoctor(RAO);
    expect(engine.sessionDoctor(MORNING.id)?.facts).toEqual(sen);
    expect(put(engine, [MORNING], { id: doctorId('das') })).toMatchObject({
      refusal: { code: 'id_taken' },
    });
  });

  it('a doctor who is not in memory changes nothing', () => {
    const { engine } = given(1, 'W1');
    const before = snapshotOf(engine);
    engine.evictDoctor(doctorId('das'));
    expect(snapshotOf(engine)).toEqual(before);
  });

  it('past days evicts their numbers, and those of no other day', () => {
    const clinic = given(1, 'W1');
    const doctor = found(clinic.engine.doctor(RAO));
    const yesterday = localDate('2026-01-04');
    doctor.day(yesterday).lastNumber = 9;
    doctor.evictDaysBefore(today);
    expect([doctor.day(yesterday).lastNumber, doctor.day(today).lastNumber]).toEqual([0, 1]);
  });
});

describe('evicting what is past', () => {
  const yesterday = localDate('2026-01-04');
  const tomorrow = { at: clock(24 + 9), today: localDate('2026-01-06') };

  it('evicts past slots in which no token waits, and no other slot', () => {
    const clinic = given(1, 'W1');
    const waiting = slotFacts({ id: slotId('waiting') });
    const running = slotFacts({ id: slotId('running'), endTime: clock(30) });
    for (const slot of [waiting, running]) clinic.engine.addSlot(slot, NOW);
    for (const name of ['W2', 'W3']) clinic.book(name, { slotId: waiting.id });
    clinic.engine.evictPast(RAO, tomorrow, yesterday);
    const ids = found(clinic.engine.doctor(RAO)).slots.map(({ facts }) => facts.id);
    expect(ids.sort()).toEqual(['running', 'waiting']);
  });

  it('evicts no counter of a day of which a slot is in memory (R10)', () => {
    const clinic = given(1, 'W1 W2:WAITING');
    clinic.engine.evictPast(RAO, tomorrow, localDate('9999-12-31'));
    const later = slotFacts({ id: slotId('later') });
    clinic.engine.addSlot(later, NOW);
    expect(accepted(clinic.book('W3', { slotId: later.id })).value.token.number).toBe(3);
  });

  it.each<[string, { at: EpochMs; today: LocalDate }, boolean]>([
    ['at that instant', tomorrow, false],
    ['later', { at: clock(50), today: localDate('2026-01-07') }, false],
    ['an instant before', { ...tomorrow, at: epochMs(tomorrow.at - 1) }, true],
    ['later, on the day before (in another time zone)', { at: clock(50), today }, true],
  ])('memory may lack slots: %s', (_, moment, isIncomplete) => {
    const { engine } = given(1, 'W1');
    expect(engine.isIncomplete(RAO, { at: NOW, today: yesterday })).toBe(false);
    engine.evictPast(RAO, tomorrow, yesterday);
    // An eviction by an earlier clock does not make memory complete again.
    engine.evictPast(RAO, { at: NOW, today }, yesterday);
    expect(engine.isIncomplete(RAO, moment)).toBe(isIncomplete);
    engine.setComplete(RAO, { at: NOW, today: yesterday });
    expect(engine.isIncomplete(RAO, moment)).toBe(false);
  });
});

describe('restoring', () => {
  it('an evicted doctor gives the same state again', () => {
    const clinic = given(1, 'W1:CHECKED_IN W2:WAITING:checked-in F1:WAITING');
    const before = snapshotOf(clinic.engine);
    expect(snapshotOf(restored(before, clinic.engine.rules))).toEqual(before);
  });

  it('continues the counters, also when their tokens are over (R10)', () => {
    const clinic = new Clinic({});
    clinic.book('W1');
    clinic.book('W2');
    clinic.cancel('W1');
    clinic.cancel('W2');
    const engine = restored(snapshotOf(clinic.engine), clinic.engine.rules);
    const doctor = found(engine.doctor(RAO));
    expect(doctor).toMatchObject({ version: 6, lastArrival: 2 });
    expect(doctor.day(today).lastNumber).toBe(2);
  });

  it('restores the sessions of the namespace', () => {
    const restarted = restored(snapshotOf(week(MORNING)), week().rules);
    const taken = put(restarted, [{ ...MORNING, id: sessionId('morning') }], {
      id: doctorId('sen'),
    });
    expect(taken).toMatchObject({ refusal: { code: 'id_taken' } });
  });
});
