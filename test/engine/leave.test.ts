import { describe, expect, it } from 'vitest';
import {
  HOSPITAL,
  isDoctor,
  isListed,
  leaveId,
  localDate,
  slotId,
  tokenId,
  type AllocationEngine,
  type ClosedSlot,
  type DoctorFacts,
  type Leave,
  type SlotFacts,
} from '../../src/engine/index.ts';
import {
  accepted,
  clock,
  doctorFacts,
  found,
  NOW,
  RAO,
  SEN,
  slotFacts,
  TODAY,
  TOMORROW,
} from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf } from '../support/engine/steps.ts';
import { EVENING, MORNING, put, slotsOf, week } from '../support/engine/week.ts';

const MONDAY = slotId('morning@2026-01-05');
const TUESDAY = slotId('morning@2026-01-06');

const leaveOn = (from = TODAY, to = from, id = 'l1'): Leave => ({
  id: leaveId(id),
  from,
  to,
  reason: 'a course',
});

const book = (engine: AllocationEngine, names: string, slot: string = MONDAY) => {
  for (const name of names.split(' '))
    accepted(
      engine.book({
        ...{ doctorId: RAO, slotId: slotId(slot), tokenId: tokenId(name), at: NOW },
        ...{ patientName: name, patientId: null, patientType: 'WALK_IN' },
      }),
    );
};

const takeLeave = (engine: AllocationEngine, leave = leaveOn(), moveTo?: string, at = NOW) =>
  engine.takeLeave({ doctorId: RAO, leave, moveTo: moveTo ? slotId(moveTo) : null, at });

const endLeave = (engine: AllocationEngine, planned: readonly SlotFacts[], at = NOW) =>
  engine.endLeave({ doctorId: RAO, leaveId: leaveId('l1'), planned, at });

const holidays = (engine: AllocationEngine, dates: string[], planned: SlotFacts[] = []) =>
  engine.putHolidays({
    holidays: dates.map((date) => leaveOn(localDate(date), localDate(date), date)),
    planned: new Map([[RAO, planned]]),
    at: NOW,
  });

const stateOf = (engine: AllocationEngine): string[] =>
  found(engine.doctor(RAO)).slots.map(({ facts }) => `${facts.id} ${facts.closedReason ?? 'open'}`);

const outcomesOf = (closed: readonly ClosedSlot[]): string[] =>
  closed.flatMap(({ slot, affected }) =>
    affected.map(
      ({ token, outcome }) => `${slot.facts.id} ${token.id} ${outcome} ${token.slot.facts.id}`,
    ),
  );

describe('a leave (R24)', () => {
  it('closes the slots of its dates, single ones too, and cancels their patients', () => {
    const engine = week(MORNING, EVENING);
    engine.addSlot(slotFacts({ id: slotId('camp') }), NOW);
    book(engine, 'W1');
    const outcome = accepted(takeLeave(engine));
    expect(recordsOf(outcome)).toEqual([
      ...['doctor_set rao', 'slot_set camp', `slot_set ${MONDAY}`],
      ...['slot_set evening@2026-01-05', 'cancelled W1'],
    ]);
    expect(outcomesOf(outcome.value.closed)).toEqual([
      `${MONDAY} W1 cancelled_by_hospital ${MONDAY}`,
    ]);
    expect(stateOf(engine)).toEqual([
      ...['camp on_leave', `${MONDAY} on_leave`, 'evening@2026-01-05 on_leave'],
      ...[`${TUESDAY} open`, 'evening@2026-01-06 open'],
    ]);
    expect(found(engine.doctor(RAO)).facts.leaves).toEqual([leaveOn()]);
  });

  it("moves the patients to a session's next slot that is not on leave itself, each once", () => {
    const engine = week(MORNING);
    engine.openSlots(RAO, slotsOf(MORNING, [5, 6, 7]), NOW);
    book(engine, 'W1 W2');
    book(engine, 'W3', TUESDAY);
    const { value, changes } = accepted(takeLeave(engine, leaveOn(TODAY, TOMORROW), 'morning'));
    const wednesday = 'morning@2026-01-07';
    expect(outcomesOf(value.closed)).toEqual([
      ...[`${MONDAY} W1 moved ${wednesday}`, `${MONDAY} W2 moved ${wednesday}`],
      `${TUESDAY} W3 moved ${wednesday}`,
    ]);
    expect(changes.filter(({ kind }) => kind === 'moved_in')).toHaveLength(3);
    const slot = found(engine.slot(slotId(wednesday)));
    expect([slot.seated, slot.waiting]).toEqual([2, 1]);
  });

  it('leaves slots alone that have ended, or that the hospital closed', () => {
    const engine = week(MORNING);
    engine.closeSlot({ slotId: TUESDAY, reason: 'ill', moveTo: null, at: NOW });
    const leave = leaveOn(TODAY, TOMORROW);
    expect(recordsOf(takeLeave(engine, leave, undefined, clock(10)))).toEqual(['doctor_set rao']);
    expect(recordsOf(endLeave(engine, slotsOf(MORNING), clock(10)))).toEqual(['doctor_set rao']);
    expect(stateOf(engine)).toEqual([`${MONDAY} open`, `${TUESDAY} ill`]);
  });

  it('keeps the order of the dates, whatever the order in which leaves are taken', () => {
    const engine = week();
    takeLeave(engine, leaveOn(TOMORROW, TOMORROW, 'l2'));
    takeLeave(engine, leaveOn(TODAY, TOMORROW, 'l1'));
    expect(found(engine.doctor(RAO)).facts.leaves.map(({ id }) => id)).toEqual(['l1', 'l2']);
  });

  it.each<[code: string, moveTo: string]>([
    ['slot_not_found', 'nowhere'],
    ['slot_ended', 'early'],
    ['slot_closed', MONDAY],
    ['slot_closed', 'morning'],
    ['slot_closed', 'shut'],
    ['intake_closed', 'orphan'],
  ])(
    'is refused with %s when the patients cannot go to %s, and changes nothing (R9)',
    (code, to) => {
      const engine = week(MORNING);
      book(engine, 'W1');
      const add = (id: string, facts: Partial<SlotFacts>) =>
        engine.addSlot(
          slotFacts({ id: slotId(id), date: localDate('2026-01-09'), ...facts }),
          clock(1),
        );
      add('early', { startTime: clock(6), endTime: clock(7) });
      add('shut', { closedReason: 'ill' });
      add('orphan', { kept: { replacement: null } });
      const before = snapshotOf(engine);
      const outcome = takeLeave(engine, leaveOn(TODAY, TOMORROW), to);
      expect(outcome).toEqual({ ok: false, refusal: { code } });
      expect(snapshotOf(engine)).toEqual(before);
    },
  );
});

describe('a leave that is taken back (R24)', () => {
  it('opens its slots again, and the slots of its dates that never existed', () => {
    const engine = week(MORNING);
    engine.addSlot(slotFacts({ id: slotId('camp') }), NOW);
    takeLeave(engine, leaveOn(TODAY, localDate('2026-01-07')));
    const outcome = accepted(endLeave(engine, slotsOf(MORNING, [5, 6, 7])));
    expect(outcome.value.map(({ facts }) => facts.id)).toEqual([
      ...['camp', MONDAY, TUESDAY, 'morning@2026-01-07'],
    ]);
    expect(stateOf(engine).every((state) => state.endsWith('open'))).toBe(true);
    expect(found(engine.doctor(RAO)).facts.leaves).toEqual([]);
  });

  it.each<[what: string, planned: SlotFacts[], expected: Partial<SlotFacts>]>([
    ['the times of its session now', slotsOf(EVENING, [5]), { startTime: clock(18) }],
    ['no times, because the session is gone', [], { closedReason: 'session_ended' }],
  ])('lets a slot follow its session: %s', (_, planned, expected) => {
    const engine = week(MORNING);
    takeLeave(engine);
    const asMorning = planned.map((slot) => ({ ...slot, id: MONDAY, sessionId: MORNING.id }));
    endLeave(engine, asMorning);
    expect(found(engine.slot(MONDAY)).facts).toMatchObject({ closedReason: null, ...expected });
  });

  it('does not open a slot on a date of another leave, or of a holiday', () => {
    const engine = week(MORNING);
    takeLeave(engine, leaveOn(TODAY, TOMORROW));
    takeLeave(engine, leaveOn(TODAY, TODAY, 'l2'));
    holidays(engine, [TOMORROW]);
    expect(accepted(endLeave(engine, slotsOf(MORNING))).value).toEqual([]);
    expect(stateOf(engine)).toEqual([`${MONDAY} on_leave`, `${TUESDAY} on_leave`]);
  });

  it('is refused when there is no such leave', () => {
    const engine = week(MORNING);
    const code = 'leave_not_found';
    expect(endLeave(engine, [])).toEqual({ ok: false, refusal: { code } });
  });

  it('a patient who is with the doctor stays, and the slot that opens again is kept for that patient', () => {
    const engine = week(MORNING);
    book(engine, 'W1');
    engine.start({ tokenId: tokenId('W1'), today: TODAY, room: null, at: NOW });
    expect(outcomesOf(accepted(takeLeave(engine)).value.closed)).toEqual([
      `${MONDAY} W1 stays ${MONDAY}`,
    ]);
    put(engine, []);
    endLeave(engine, []);
    const { closedReason, kept } = found(engine.slot(MONDAY)).facts;
    expect([closedReason, kept]).toEqual([null, { replacement: null }]);
  });
});

describe('holidays (R24)', () => {
  it('close the slots of every doctor, and open them again when they are removed', () => {
    const engine = week(MORNING);
    put(engine, [], { id: SEN });
    engine.addSlot(slotFacts({ id: slotId('sen'), doctorId: SEN }), NOW);
    book(engine, 'W1');
    const put1 = accepted(holidays(engine, [TODAY]));
    expect(put1.value.closed.map(({ slot }) => slot.facts.id)).toEqual([MONDAY, 'sen']);
    expect(outcomesOf(put1.value.closed)).toHaveLength(1);
    const put2 = accepted(holidays(engine, [TOMORROW], slotsOf(MORNING, [5])));
    expect(put2.value.opened.map(({ facts }) => facts.id)).toEqual([MONDAY, 'sen']);
    expect(stateOf(engine)).toEqual([`${MONDAY} open`, `${TUESDAY} on_leave`]);
  });

  it('again, change nothing (R9)', () => {
    const engine = week(MORNING);
    holidays(engine, [TODAY]);
    expect(recordsOf(holidays(engine, [TODAY]))).toEqual([]);
  });

  it('a renamed holiday opens and closes nothing', () => {
    const engine = week(MORNING);
    holidays(engine, [TODAY]);
    const renamed = { ...leaveOn(TODAY, TODAY, TODAY), reason: 'New Year' };
    const outcome = engine.putHolidays({
      holidays: [renamed],
      planned: new Map([[RAO, slotsOf(MORNING)]]),
      at: NOW,
    });
    expect(recordsOf(outcome)).toEqual(['doctor_set *']);
  });

  it('renamed, leave a slot open that the hospital has opened again, with its patient', () => {
    const engine = week(MORNING);
    holidays(engine, [TODAY]);
    accepted(engine.reopenSlot({ slotId: MONDAY, at: NOW }));
    book(engine, 'W1');
    const renamed = { ...leaveOn(TODAY, TODAY, TODAY), reason: 'New Year' };
    const outcome = engine.putHolidays({ holidays: [renamed], planned: new Map(), at: NOW });
    expect(recordsOf(outcome)).toEqual(['doctor_set *']);
    expect(found(engine.token(tokenId('W1'))).status).toBe('BOOKED');
  });

  it('are kept as leaves of a record that is no doctor', () => {
    const engine = week(MORNING);
    holidays(engine, [TOMORROW, TODAY]);
    const { facts } = found(engine.doctor(HOSPITAL));
    expect(facts.leaves.map(({ id }) => id)).toEqual([TODAY, TOMORROW]);
    expect([isDoctor(facts), isListed(facts)]).toEqual([false, false]);
    const codes = [
      engine.takeLeave({ doctorId: HOSPITAL, leave: leaveOn(), moveTo: null, at: NOW }),
      engine.endLeave({ doctorId: HOSPITAL, leaveId: leaveId(TODAY), planned: [], at: NOW }),
      engine.retireDoctor({ doctorId: HOSPITAL, today: TODAY, at: NOW }),
      engine.addSlot(slotFacts({ doctorId: HOSPITAL }), NOW),
    ];
    const refusal = { code: 'doctor_not_found' };
    expect(codes).toEqual(codes.map(() => ({ ok: false, refusal })));
  });
});

describe('a roster with leaves', () => {
  it('closes the slots of new leaves and opens those of removed ones', () => {
    const engine = week(MORNING);
    book(engine, 'W1');
    const withLeaves = (leaves: Leave[], sessions = [MORNING]): DoctorFacts =>
      doctorFacts({ sessions, leaves });
    const planned = slotsOf(MORNING);
    const outcome = engine.putDoctor(withLeaves([leaveOn()]), planned, NOW);
    expect(recordsOf(outcome)).toEqual(['doctor_set rao', `slot_set ${MONDAY}`, 'cancelled W1']);
    expect(recordsOf(engine.putDoctor(withLeaves([leaveOn()]), planned, NOW))).toEqual([]);
    expect(recordsOf(engine.putDoctor(withLeaves([]), planned, NOW))).toEqual([
      ...['doctor_set rao', `slot_set ${MONDAY}`],
    ]);
    expect(stateOf(engine)).toEqual([`${MONDAY} open`, `${TUESDAY} open`]);
  });
});

describe('a doctor who retires', () => {
  const retire = (engine: AllocationEngine, at = NOW) =>
    engine.retireDoctor({ doctorId: RAO, today: TODAY, at });

  it('has no open slot any more, until the doctor is put again', () => {
    const engine = week(MORNING);
    engine.addSlot(slotFacts({ id: slotId('camp') }), NOW);
    const { value } = accepted(retire(engine));
    expect([value.facts.isRetired, isListed(value.facts)]).toEqual([true, false]);
    expect(stateOf(engine)).toEqual([
      ...['camp session_ended', `${MONDAY} session_ended`, `${TUESDAY} session_ended`],
    ]);
    expect(recordsOf(retire(engine))).toEqual([]);
    expect(engine.addSlot(slotFacts({ id: slotId('x') }), NOW).ok).toBe(false);
    put(engine, [MORNING]);
    expect(stateOf(engine).every((state) => state.endsWith('open'))).toBe(true);
  });

  it('who is back on a holiday sits in the single slots of that day only when it is no holiday any more (R24)', () => {
    const engine = week(MORNING);
    engine.addSlot(slotFacts({ id: slotId('camp') }), NOW);
    accepted(retire(engine));
    holidays(engine, [TODAY]);
    put(engine, [MORNING]);
    expect(stateOf(engine)).toContain('camp session_ended');
    expect(() => book(engine, 'W1', 'camp')).toThrow('refused: slot_closed');
    holidays(engine, [], slotsOf(MORNING));
    expect(stateOf(engine)).toEqual(['camp open', `${MONDAY} open`, `${TUESDAY} open`]);
  });

  it.each<[patients: string, step: string, count: number | null]>([
    ['W1', '', 1],
    ['W1 W2 W3', '', 3],
    ['W1', 'start', 1],
    ['W1', 'start complete', null],
    ['W1', 'cancel', null],
  ])('with %s after "%s" is refused while patients have to be seen: %s', (names, steps, count) => {
    const engine = week(MORNING);
    book(engine, names);
    const command = { tokenId: tokenId('W1'), today: TODAY, room: null, at: NOW };
    for (const step of steps.split(' '))
      if (step !== '') engine[step as 'start' | 'complete' | 'cancel'](command);
    const outcome = retire(engine);
    const refusal = { code: 'doctor_in_use', tokenId: 'W1', count };
    expect(outcome.ok).toBe(count === null);
    if (count !== null) expect(outcome).toEqual({ ok: false, refusal });
  });

  it('a completed visit keeps its slot, which takes nobody new', () => {
    const engine = week(MORNING);
    book(engine, 'W1');
    engine.start({ tokenId: tokenId('W1'), today: TODAY, room: null, at: NOW });
    engine.complete({ tokenId: tokenId('W1'), at: NOW });
    retire(engine);
    expect(() => book(engine, 'W2')).toThrow('refused: intake_closed');
    expect(() => book(engine, 'W2', TUESDAY)).toThrow('refused: slot_closed');
  });
});
