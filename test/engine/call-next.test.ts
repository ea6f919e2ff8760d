import { describe, expect, it } from 'vitest';
import { epochMs, localDate, sessionId, slotId } from '../../src/engine/index.ts';
import {
  accepted,
  Clinic,
  clock,
  doctorFacts,
  given,
  NOW,
  SEN,
  TODAY,
  TOMORROW,
  type Setup,
} from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';

describe('call-next', () => {
  const yesterday = localDate('2026-01-04');
  const night = { date: yesterday, startTime: clock(-2), endTime: clock(9) };
  const gone = { date: yesterday, startTime: clock(-9), endTime: clock(-8) };
  const two = { capacity: 2 };

  it.each<[fact: string, setup: Setup, called: string]>([
    ['the best rank of those checked in', { people: 'W1:CHECKED_IN F1:CHECKED_IN' }, 'F1'],
    ['the earliest among equals', { people: 'W1:CHECKED_IN W2:CHECKED_IN' }, 'W1'],
    ['never one who is absent', { people: 'E1 W1:CHECKED_IN' }, 'W1'],
    ['never one who was bumped', { people: 'E1 E2:WAITING:present W1:CHECKED_IN' }, 'W1'],
    [
      'of the earlier slot first, whatever the rank',
      { people: 'W1:CHECKED_IN', more: [place('ten', 'E1:CHECKED_IN')] },
      'W1',
    ],
    [
      'of a later slot when nobody of the earlier is there',
      { people: 'E1 E2:COMPLETED', more: [place('ten', 'W1:CHECKED_IN')] },
      'W1',
    ],
    [
      'not of another day',
      { people: 'W1:CHECKED_IN', more: [place('tue', 'E1:CHECKED_IN')] },
      'W1',
    ],
    [
      'not of another doctor',
      { people: 'W1:CHECKED_IN', more: [place('sen', 'E1:CHECKED_IN')] },
      'W1',
    ],
    [
      'of a slot begun yesterday that goes on',
      { people: 'E1:CHECKED_IN', more: [place('ten', 'W1:CHECKED_IN', night)] },
      'W1',
    ],
    [
      'not of one that ended yesterday',
      { people: 'W1:CHECKED_IN', more: [place('ten', 'E1:CHECKED_IN', gone)] },
      'W1',
    ],
  ])('calls %s', (_, setup, called) => {
    const clinic = new Clinic({ ...setup, slot: two });
    const { changes, value } = accepted(clinic.callNext());
    expect(changes).toMatchObject([{ kind: 'started', tokenId: called, cause: null }]);
    expect(value).toEqual({ token: clinic.token(called), completed: null });
  });

  it('calls, over the day, one after another, and nobody twice', () => {
    const people = 'W1:CHECKED_IN F1:CHECKED_IN O1';
    const more = [place('ten', 'E1:CHECKED_IN'), place('tue', 'P1:CHECKED_IN')];
    const clinic = new Clinic({ people, slot: { capacity: 3 }, more });
    const call = () => clinic.callNext({ completeCurrent: true, at: clock(12) });
    expect([call(), call(), call()].map(recordsOf)).toEqual([
      ['started F1'],
      ['completed F1', 'started W1'],
      ['completed W1', 'started E1'],
    ]);
    expect(call()).toEqual({ ok: false, refusal: { code: 'nobody_waiting' } });
    expect(clinic.token('E1').status).toBe('IN_CONSULTATION');
  });

  it.each(['nine', 'ten', 'tue'])('of the slot %s calls of that slot alone, of any day', (id) => {
    const people = { nine: 'F1', ten: 'W1', tue: 'E1' };
    const more = (['ten', 'tue'] as const).map((name) => place(name, `${people[name]}:CHECKED_IN`));
    const clinic = new Clinic({ people: 'F1:CHECKED_IN', more });
    const { token } = accepted(clinic.callNext({ slotId: slotId(id) })).value;
    expect(token.id).toBe(people[id as keyof typeof people]);
  });

  it('of a session calls of its slots of the day, and never of a later day', () => {
    const session = sessionId('rounds');
    const clinic = new Clinic({
      people: 'W1:CHECKED_IN',
      more: [
        place('ten', 'F1:CHECKED_IN', { sessionId: session }),
        place('tue', 'E1:CHECKED_IN', { sessionId: session }),
      ],
    });
    const weekdays = ['mon', 'tue'] as const;
    const rounds = { id: session, weekdays, start: '10:00', end: '11:00', capacity: 1 };
    clinic.engine.putDoctor(doctorFacts({ sessions: [rounds] }), [], NOW);
    const call = () => clinic.callNext({ slotId: slotId('rounds'), completeCurrent: true });
    expect(accepted(call()).value.token.id).toBe('F1');
    expect(call()).toEqual({ ok: false, refusal: { code: 'nobody_waiting' } });
  });

  const current = { code: 'consultation_in_progress', tokenId: 'W1' };
  const unknown = { doctorId: 'x' as typeof SEN };
  it.each<[string, people: string, Parameters<Clinic['callNext']>[0], refusal: object]>([
    [
      'doctor',
      'W1:IN_CONSULTATION',
      { ...unknown, slotId: slotId('x') },
      { code: 'doctor_not_found' },
    ],
    ['slot', 'W1:IN_CONSULTATION', { slotId: slotId('x') }, { code: 'slot_not_found' }],
    [
      "doctor's slot",
      'W1:IN_CONSULTATION',
      { doctorId: SEN, slotId: slotId('nine') },
      { code: 'slot_not_found' },
    ],
    ['free doctor', 'W1:IN_CONSULTATION F1:CHECKED_IN', {}, current],
    ['free doctor, before one who waits', 'W1:IN_CONSULTATION', {}, current],
    ['free doctor for another slot', 'W1:IN_CONSULTATION', { slotId: slotId('ten') }, current],
    ['patient at the desk', 'W1 E1', {}, { code: 'nobody_waiting' }],
    [
      'patient beside the one to complete',
      'W1:IN_CONSULTATION',
      { completeCurrent: true },
      { code: 'nobody_waiting' },
    ],
    ['patient in the slot', 'W1:CHECKED_IN', { slotId: slotId('ten') }, { code: 'nobody_waiting' }],
  ])('without a %s is refused and changes nothing', (_, people, command, refusal) => {
    const clinic = new Clinic({ people, slot: two, more: [place('ten', 'W9')] });
    const before = snapshotOf(clinic.engine);
    expect(clinic.callNext(command)).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('completes the current patient and calls in one command', () => {
    const clinic = given(2, 'W1:IN_CONSULTATION F1:CHECKED_IN');
    const outcome = clinic.callNext({ completeCurrent: true });
    expect(recordsOf(outcome)).toEqual(['completed W1', 'started F1']);
    const pair = { token: clinic.token('F1'), completed: clinic.token('W1') };
    expect(accepted(outcome).value).toEqual(pair);
  });
});

describe('a doctor sees one patient at a time', () => {
  const begun = { date: localDate('2026-01-04'), startTime: clock(-2), endTime: clock(6) };

  it('the one who came first, when a clock set back leaves two', () => {
    const people = 'W2:IN_CONSULTATION W1:IN_CONSULTATION';
    const clinic = given(2, people);
    const id = { code: 'consultation_in_progress', tokenId: 'W2' };
    expect(clinic.callNext()).toEqual({ ok: false, refusal: id });
    const [first, second] = clinic.slot.doctor.inConsultation;
    // As a restart may read them.
    const { inConsultation } = clinic.slot.doctor;
    inConsultation.clear();
    for (const token of [second, first]) if (token !== undefined) inConsultation.add(token);
    expect(clinic.callNext()).toEqual({ ok: false, refusal: id });
  });

  it.each(['nine', 'ten'])('a start in %s beside one in consultation is refused', (slot) => {
    const clinic = new Clinic({
      people: 'W1:IN_CONSULTATION W2:CHECKED_IN',
      slot: { capacity: 2 },
      more: [place('ten', 'W3:CHECKED_IN')],
    });
    const before = snapshotOf(clinic.engine);
    expect(clinic.start(slot === 'nine' ? 'W2' : 'W3')).toEqual({
      ok: false,
      refusal: { code: 'consultation_in_progress', tokenId: 'W1' },
    });
    expect(snapshotOf(clinic.engine)).toEqual(before);
    clinic.complete('W1');
    expect(clinic.start('W3').ok).toBe(true);
  });

  it('also after the slot of the one in consultation has ended, while it is the same day', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION', more: [place('ten', 'W2')] });
    expect(clinic.start('W2', clock(10, 30))).toMatchObject({ refusal: { tokenId: 'W1' } });
  });

  it.each([
    ['nobody completed four hours after a slot of yesterday ended', clock(10), true],
    ['has until then', epochMs(clock(10) - 1), false],
    ['has yesterday, in a slot that goes on', clock(5), false],
  ])('a patient whom %s', (_, at, isOk) => {
    const slot = { ...begun, capacity: 2 };
    const more = [place('ten', 'W2:CHECKED_IN')];
    const clinic = () => new Clinic({ people: 'W1:IN_CONSULTATION', slot, more });
    expect(clinic().start('W2', at, TODAY).ok).toBe(isOk);
    expect(clinic().callNext({ at }).ok).toBe(isOk);
  });

  it('another doctor is free meanwhile', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION', more: [place('sen', 'W2')] });
    expect(clinic.start('W2').ok).toBe(true);
    expect(clinic.start('W2', NOW, TOMORROW)).toMatchObject({
      refusal: { code: 'invalid_transition' },
    });
  });

  it('the doctor is free again when the one in consultation is forgotten with the slot', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION', more: [place('ten', 'W2')] });
    clinic.engine.evictSlot(clinic.slot);
    expect(clinic.start('W2').ok).toBe(true);
  });
});
