import { describe, expect, it } from 'vitest';
import {
  doctorId,
  ENGINE_REFUSALS,
  holdsSeat,
  isLive,
  isStatus,
  nextStatuses,
  patientId,
  slotId,
  STATUSES,
  type Book,
  type SlotFacts,
  type Status,
} from '../../src/engine/index.ts';
import { accepted, Clinic, clock, doctorFacts, NOW, slotFacts } from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';

describe('a booking is refused for the first reason that applies, and changes nothing (R9)', () => {
  const asW1 = { patientId: patientId('W1') };
  const ended = { at: clock(10) };
  const NOBODY = { intake: 'NONE' } as const;
  const closed = { ...NOBODY, closedReason: 'holiday' };
  const elsewhere = { slotId: slotId('elsewhere') };
  const another = { doctorId: doctorId('sen') };

  it.each<[string, Partial<Book>, slot: Partial<SlotFacts>, refusal: object]>([
    // Each row lacks the first reason of the row before it, and has the reasons of all later rows.
    [
      'unknown doctor',
      { ...asW1, ...ended, doctorId: doctorId('x'), slotId: slotId('x') },
      closed,
      { code: 'doctor_not_found' },
    ],
    [
      'unknown slot',
      { ...asW1, ...ended, slotId: slotId('x') },
      closed,
      { code: 'slot_not_found' },
    ],
    [
      "another doctor's slot",
      { ...asW1, ...ended, ...elsewhere },
      closed,
      { code: 'slot_not_found' },
    ],
    [
      'slot of the doctor, with another doctor in the request',
      { ...asW1, ...ended, ...another },
      closed,
      { code: 'slot_not_found' },
    ],
    [
      'second token of the patient',
      { ...asW1, ...ended },
      closed,
      { code: 'duplicate_booking', tokenId: 'W1' },
    ],
    ['ended slot', ended, closed, { code: 'slot_ended' }],
    ['closed slot', {}, closed, { code: 'slot_closed' }],
    ['full waitlist', {}, NOBODY, { code: 'waitlist_full' }],
    ['intake that is closed', {}, { ...NOBODY, capacity: 2 }, { code: 'intake_closed' }],
  ])('%s', (_, command, slot, refusal) => {
    const people = 'W1 W2:WAITING';
    const clinic = new Clinic({ people, slot, rules: { waitlistMax: 1 } });
    clinic.engine.putDoctor(doctorFacts({ id: doctorId('sen') }), [], NOW);
    clinic.engine.addSlot(slotFacts({ id: slotId('elsewhere'), doctorId: doctorId('sen') }), NOW);
    const before = snapshotOf(clinic.engine);
    expect(clinic.book('W9', command)).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('a waitlist with one place left takes one more token (R4)', () => {
    const people = 'W1 W2:WAITING';
    const clinic = new Clinic({ people, rules: { waitlistMax: 2 } });
    expect(accepted(clinic.book('W3')).value.token.status).toBe('WAITING');
    expect(clinic.book('W4')).toMatchObject({ refusal: { code: 'waitlist_full' } });
  });

  it('the order of the list is the order of the answers', () => {
    expect(ENGINE_REFUSALS).toEqual([
      'doctor_not_found',
      'slot_not_found',
      'token_not_found',
      'leave_not_found',
      'duplicate_booking',
      'slot_ended',
      'slot_closed',
      'waitlist_full',
      'intake_closed',
      'invalid_transition',
      'nothing_to_undo',
      'too_early',
      'consultation_in_progress',
      'nobody_waiting',
      'capacity_below_seated',
      'doctor_in_use',
      'id_taken',
    ]);
  });
});

/** The status table, written down a second time. */
const TABLE: [Status, seat: boolean, live: boolean, next: Status[]][] = [
  ['BOOKED', true, true, ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW']],
  ['CHECKED_IN', true, true, ['IN_CONSULTATION', 'SKIPPED', 'CANCELLED', 'NO_SHOW']],
  ['SKIPPED', true, true, ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW']],
  ['IN_CONSULTATION', true, true, ['COMPLETED', 'SKIPPED', 'NO_SHOW']],
  ['COMPLETED', true, true, []],
  ['WAITING', false, true, ['CANCELLED']],
  ['CANCELLED', false, false, []],
  ['NO_SHOW', false, false, []],
  ['EXPIRED', false, false, []],
];

describe('the status table', () => {
  it('has these statuses and no others', () => {
    expect(Object.keys(STATUSES)).toEqual(TABLE.map(([status]) => status));
  });

  it.each(TABLE)(
    '%s: holds a seat %s, is live %s, by a command becomes %j',
    (status, seat, live, next) => {
      expect(holdsSeat(status)).toBe(seat);
      expect(isLive(status)).toBe(live);
      expect(nextStatuses(status)).toEqual(next);
      expect(isStatus(status)).toBe(true);
    },
  );

  it.each(['', 'booked', 'LIMBO', 'toString'])('%j is no status', (raw) => {
    expect(isStatus(raw)).toBe(false);
  });
});
