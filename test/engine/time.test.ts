import { describe, expect, it } from 'vitest';
import {
  NEW_SESSION,
  localDate,
  sessionId,
  slotId,
  type SlotFacts,
} from '../../src/engine/index.ts';
import { accepted, Clinic, clock, doctorFacts, NOW, slotFacts } from '../support/engine/clinic.ts';

const people = 'W1 W2:WAITING';
const lastMoment = clock(10, 0) - 1;

describe('R11 a slot takes bookings and promotes until end + delay + grace', () => {
  it.each<[delay: number, grace: number, hour: number, minute: number]>([
    [0, 0, 10, 0],
    [20, 0, 10, 20],
    [0, 15, 10, 15],
    [20, 15, 10, 35],
  ])('delay %i, grace %i: the end is %i:%i', (delayMinutes, graceMinutes, hour, minute) => {
    const clinic = new Clinic({ slot: { delayMinutes }, rules: { graceMinutes } });
    const end = clock(hour, minute);
    const at = (offset: number): typeof end => (end + offset) as typeof end;
    expect(clinic.engine.hasEnded(clinic.slot, at(-1))).toBe(false);
    expect(clinic.engine.hasEnded(clinic.slot, at(0))).toBe(true);
    expect(clinic.book('E1', { at: at(0) })).toEqual({
      ok: false,
      refusal: { code: 'slot_ended' },
    });
    expect(clinic.book('W1', { at: at(-1) }).ok).toBe(true);
  });

  it('a seat of yesterday cannot be booked', () => {
    const clinic = new Clinic({});
    expect(clinic.book('W1', { at: clock(33) })).toMatchObject({
      refusal: { code: 'slot_ended' },
    });
  });

  it.each(['cancel', 'noShow'] as const)(
    'a %s in the last moment promotes a token (R5)',
    (leave) => {
      const clinic = new Clinic({ people });
      const outcome = accepted(clinic[leave]('W1', lastMoment as typeof NOW));
      expect(outcome.value.promoted?.id).toBe('W2');
    },
  );

  it.each(['cancel', 'noShow'] as const)(
    'a %s in an ended slot is accepted and promotes no token',
    (leave) => {
      const clinic = new Clinic({ people });
      const outcome = accepted(clinic[leave]('W1', clock(10)));
      expect(outcome.value.promoted).toBeNull();
      expect(outcome.changes).toHaveLength(1);
      expect(clinic.board()).toBe('| W2');
    },
  );
});

describe('a closed slot', () => {
  const closed = { closedReason: 'the doctor is ill' };

  it('takes no booking, not even an emergency with free seats', () => {
    const clinic = new Clinic({ slot: { ...closed, capacity: 9 } });
    expect(clinic.book('E1')).toEqual({
      ok: false,
      refusal: { code: 'slot_closed' },
    });
  });

  it.each(['cancel', 'noShow'] as const)('accepts a %s and promotes no token', (leave) => {
    const clinic = new Clinic({ people, slot: closed });
    expect(accepted(clinic[leave]('W1')).value.promoted).toBeNull();
    expect(clinic.board()).toBe('| W2');
  });
});

describe('a session id means its next slot that still takes bookings', () => {
  const morning = sessionId('morning');
  const slotOn = (day: number, facts: Partial<SlotFacts> = {}): SlotFacts =>
    slotFacts({
      id: slotId(`morning@2026-01-0${day}`),
      sessionId: morning,
      date: localDate(`2026-01-0${day}`),
      startTime: clock(24 * (day - 5) + 9),
      endTime: clock(24 * (day - 5) + 10),
      ...facts,
    });
  const closed = { closedReason: 'holiday' };
  const session = {
    id: morning,
    weekdays: [],
    start: '09:00',
    end: '10:00',
    capacity: 1,
    ...NEW_SESSION,
  };

  const clinicWith = (slots: readonly SlotFacts[]): Clinic => {
    const clinic = new Clinic({ slot: { startTime: clock(1), endTime: clock(23) } });
    clinic.engine.putDoctor(doctorFacts({ sessions: [session] }), slots, NOW);
    return clinic;
  };

  it.each<[string, SlotFacts[], hour: number, booked: string]>([
    ['the first future slot', [slotOn(5), slotOn(6)], 8, 'morning@2026-01-05'],
    ['a slot that has begun', [slotOn(5), slotOn(6)], 9, 'morning@2026-01-05'],
    ['no slot that has ended', [slotOn(5), slotOn(6)], 10, 'morning@2026-01-06'],
    [
      'a slot that runs late',
      [slotOn(5, { delayMinutes: 30 }), slotOn(6)],
      10,
      'morning@2026-01-05',
    ],
    ['no closed slot', [slotOn(5, closed), slotOn(6)], 8, 'morning@2026-01-06'],
    [
      'the earliest slot, in any order of opening',
      [slotOn(7), slotOn(5), slotOn(6)],
      8,
      'morning@2026-01-05',
    ],
  ])('%s', (_, slots, hour, booked) => {
    const clinic = clinicWith(slots);
    const command = { slotId: slotId('morning'), at: clock(hour) };
    const { token } = accepted(clinic.book('W1', command)).value;
    expect(token.slot.facts.id).toBe(booked);
    expect(clinic.board(booked)).toBe('W1 |');
  });

  it('a full slot still takes bookings: the patient waits there', () => {
    const clinic = clinicWith([slotOn(5), slotOn(6)]);
    clinic.book('W1', { slotId: slotId('morning') });
    const { value } = accepted(clinic.book('W2', { slotId: slotId('morning') }));
    expect(value.token).toMatchObject({
      status: 'WAITING',
      slot: { facts: { id: 'morning@2026-01-05' } },
    });
  });

  it.each<[string, SlotFacts[], string]>([
    ['all slots have ended', [slotOn(3), slotOn(4)], 'slot_ended'],
    ['the slots that have not ended are closed', [slotOn(4), slotOn(5, closed)], 'slot_closed'],
    ['a closed slot has ended too', [slotOn(3, closed), slotOn(4)], 'slot_ended'],
    ['no slot is in memory, because the past ones are evicted', [], 'slot_ended'],
  ])('%s: a booking with the session id is refused', (_, slots, code) => {
    const outcome = clinicWith(slots).book('W1', { slotId: slotId('morning') });
    expect(outcome).toEqual({ ok: false, refusal: { code } });
  });

  it('the session of another doctor is not found', () => {
    const clinic = clinicWith([slotOn(5)]);
    const other = doctorFacts({ id: 'sen' as SlotFacts['doctorId'] });
    clinic.engine.putDoctor(other, [], NOW);
    const outcome = clinic.book('W1', { doctorId: other.id, slotId: slotId('morning') });
    expect(outcome).toMatchObject({ refusal: { code: 'slot_not_found' } });
  });
});
