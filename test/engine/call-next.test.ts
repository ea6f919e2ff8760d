import { describe, expect, it } from 'vitest';
import { NEW_SESSION, epochMs, localDate, sessionId, slotId } from '../../src/engine/index.ts';
import {
  accepted,
  Clinic,
  clock,
  doctorFacts,
  given,
  NOW,
  SEN,
  TOMORROW,
  type Setup,
} from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';

describe('call-next', () => {
  const yesterday = localDate('2026-01-04');
  const night = { date: yesterday, startTime: clock(-2), endTime: clock(9) };
  const ended = { date: yesterday, startTime: clock(-9), endTime: clock(-8) };
  const two = { capacity: 2 };
  const nine = { startTime: clock(9), endTime: clock(10) };
  const ten = { startTime: clock(10), endTime: clock(11) };

  it.each<[fact: string, setup: Setup, called: string]>([
    ['the best rank of the checked-in patients', { people: 'W1:CHECKED_IN F1:CHECKED_IN' }, 'F1'],
    ['the earliest arrival among equals', { people: 'W1:CHECKED_IN W2:CHECKED_IN' }, 'W1'],
    ['no patient who has not checked in', { people: 'E1 W1:CHECKED_IN' }, 'W1'],
    ['no patient who was bumped', { people: 'E1 E2:WAITING:checked-in W1:CHECKED_IN' }, 'W1'],
    [
      'a patient of the earlier slot first, also of lower rank',
      { people: 'W1:CHECKED_IN', more: [place('ten', 'P1:CHECKED_IN')] },
      'W1',
    ],
    [
      'a checked-in emergency of any slot before everyone else (R18)',
      { people: 'P1:CHECKED_IN', more: [place('ten', 'E1:CHECKED_IN')] },
      'E1',
    ],
    [
      'the earlier of two emergencies, although its slot is the later one (R18)',
      { people: 'E2:CHECKED_IN', slot: ten, more: [place('ten', 'E1:CHECKED_IN', nine)] },
      'E2',
    ],
    [
      'no emergency who has not checked in (R18)',
      { people: 'W1:CHECKED_IN', more: [place('ten', 'E1')] },
      'W1',
    ],
    ['no patient who was skipped (R21)', { people: 'E1:SKIPPED W1:CHECKED_IN' }, 'W1'],
    [
      'a patient of a later slot when the earlier has no checked-in patient',
      { people: 'E1 E2:COMPLETED', more: [place('ten', 'W1:CHECKED_IN')] },
      'W1',
    ],
    [
      'no patient of another day',
      { people: 'W1:CHECKED_IN', more: [place('tue', 'E1:CHECKED_IN')] },
      'W1',
    ],
    [
      'no patient of another doctor',
      { people: 'W1:CHECKED_IN', more: [place('sen', 'E1:CHECKED_IN')] },
      'W1',
    ],
    [
      'a patient of a slot that began yesterday and has not ended',
      { people: 'P1:CHECKED_IN', more: [place('ten', 'W1:CHECKED_IN', night)] },
      'W1',
    ],
    [
      'no patient of a slot that ended yesterday',
      { people: 'W1:CHECKED_IN', more: [place('ten', 'E1:CHECKED_IN', ended)] },
      'W1',
    ],
  ])('calls %s', (_, setup, called) => {
    const clinic = new Clinic({ ...setup, slot: { ...two, ...setup.slot } });
    const { changes, value } = accepted(clinic.callNext());
    expect(changes).toMatchObject([{ kind: 'started', tokenId: called, cause: null }]);
    const others = { completed: null, skipped: null, promoted: null };
    expect(value).toEqual({ token: clinic.token(called), ...others });
  });

  it('calls every patient of the day once, emergencies first, then slot after slot (R18)', () => {
    const people = 'W1:CHECKED_IN F1:CHECKED_IN O1';
    const more = [place('ten', 'E1:CHECKED_IN P2:CHECKED_IN', two), place('tue', 'P1:CHECKED_IN')];
    const clinic = new Clinic({ people, slot: { capacity: 3 }, more });
    const call = () => clinic.callNext({ current: 'completed', at: clock(12) });
    expect([call(), call(), call(), call()].map(recordsOf)).toEqual([
      ['started E1'],
      ['completed E1', 'started F1'],
      ['completed F1', 'started W1'],
      ['completed W1', 'started P2'],
    ]);
    expect(call()).toEqual({ ok: false, refusal: { code: 'nobody_waiting' } });
    expect(clinic.token('P2').status).toBe('IN_CONSULTATION');
  });

  it.each(['nine', 'ten', 'tue'])(
    'with the slot %s calls patients of that slot alone, of any day',
    (id) => {
      const people = { nine: 'F1', ten: 'W1', tue: 'E1' };
      const more = (['ten', 'tue'] as const).map((name) =>
        place(name, `${people[name]}:CHECKED_IN`),
      );
      const clinic = new Clinic({ people: 'F1:CHECKED_IN', more });
      const { token } = accepted(clinic.callNext({ slotId: slotId(id) })).value;
      expect(token.id).toBe(people[id as keyof typeof people]);
    },
  );

  it('with a session calls patients of its slots of the day, and of no later day', () => {
    const session = sessionId('rounds');
    const clinic = new Clinic({
      people: 'W1:CHECKED_IN',
      more: [
        place('ten', 'F1:CHECKED_IN', { sessionId: session }),
        place('tue', 'E1:CHECKED_IN', { sessionId: session }),
      ],
    });
    const weekdays = ['mon', 'tue'] as const;
    const times = { start: '10:00', end: '11:00', capacity: 1 };
    const rounds = { ...NEW_SESSION, id: session, weekdays, ...times };
    clinic.engine.putDoctor(doctorFacts({ sessions: [rounds] }), [], NOW);
    const call = () => clinic.callNext({ slotId: slotId('rounds'), current: 'completed' });
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
    ['free doctor, also without a checked-in patient', 'W1:IN_CONSULTATION', {}, current],
    ['free doctor for another slot', 'W1:IN_CONSULTATION', { slotId: slotId('ten') }, current],
    ['checked-in patient', 'W1 E1', {}, { code: 'nobody_waiting' }],
    [
      'checked-in patient besides the one in consultation',
      'W1:IN_CONSULTATION',
      { current: 'completed' },
      { code: 'nobody_waiting' },
    ],
    [
      'checked-in patient in the slot',
      'W1:CHECKED_IN',
      { slotId: slotId('ten') },
      { code: 'nobody_waiting' },
    ],
  ])('without a %s is refused and changes nothing (R9)', (_, people, command, refusal) => {
    const clinic = new Clinic({ people, slot: two, more: [place('ten', 'W9')] });
    const before = snapshotOf(clinic.engine);
    expect(clinic.callNext(command)).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('completes the current patient and calls in one command', () => {
    const clinic = given(2, 'W1:IN_CONSULTATION F1:CHECKED_IN');
    const outcome = clinic.callNext({ current: 'completed' });
    expect(recordsOf(outcome)).toEqual(['completed W1', 'started F1']);
    const pair = { token: clinic.token('F1'), completed: clinic.token('W1') };
    expect(accepted(outcome).value).toEqual({ ...pair, skipped: null, promoted: null });
  });
});

describe('a doctor sees one patient at a time', () => {
  const begun = { date: localDate('2026-01-04'), startTime: clock(-2), endTime: clock(6) };

  it('the earlier arrival counts when a clock that was set back leaves two (R16)', () => {
    const people = 'W2:IN_CONSULTATION W1:IN_CONSULTATION';
    const clinic = given(2, people);
    const id = { code: 'consultation_in_progress', tokenId: 'W2' };
    expect(clinic.callNext()).toEqual({ ok: false, refusal: id });
    const [first, second] = clinic.slot.doctor.inConsultation;
    // A restart may load them in this order.
    const { inConsultation } = clinic.slot.doctor;
    inConsultation.clear();
    for (const token of [second, first]) if (token !== undefined) inConsultation.add(token);
    expect(clinic.callNext()).toEqual({ ok: false, refusal: id });
  });

  it.each(['nine', 'ten'])(
    'a start in %s while a patient is in consultation is refused',
    (slot) => {
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
    },
  );

  it('a patient in consultation counts until the end of the day, also after the slot has ended', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION', more: [place('ten', 'W2')] });
    expect(clinic.start('W2', { at: clock(10, 30) })).toMatchObject({ refusal: { tokenId: 'W1' } });
  });

  it.each([
    ['counts no more, four hours after a slot of yesterday has ended', clock(10), true],
    ['counts until then', epochMs(clock(10) - 1), false],
    ['counts, in a slot of yesterday that has not ended', clock(5), false],
  ])('a patient in consultation %s', (_, at, isOk) => {
    const slot = { ...begun, capacity: 2 };
    const more = [place('ten', 'W2:CHECKED_IN')];
    const clinic = () => new Clinic({ people: 'W1:IN_CONSULTATION', slot, more });
    expect(clinic().start('W2', { at }).ok).toBe(isOk);
    expect(clinic().callNext({ at }).ok).toBe(isOk);
  });

  it('another doctor is free at the same time', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION', more: [place('sen', 'W2')] });
    expect(clinic.start('W2').ok).toBe(true);
    expect(clinic.start('W2', { today: TOMORROW })).toMatchObject({
      refusal: { code: 'invalid_transition' },
    });
  });

  it('the doctor is free again when the patient in consultation is evicted with the slot', () => {
    const clinic = new Clinic({ people: 'W1:IN_CONSULTATION', more: [place('ten', 'W2')] });
    clinic.engine.evictSlot(clinic.slot);
    expect(clinic.start('W2').ok).toBe(true);
  });
});
