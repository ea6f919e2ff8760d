import { describe, expect, it } from 'vitest';
import {
  AllocationEngine,
  doctorId,
  patientId,
  slotId,
  tokenId,
  type DoctorFacts,
  type Outcome,
  type Session,
  type SlotFacts,
} from '../../src/engine/index.ts';
import {
  accepted,
  clock,
  doctorFacts,
  found,
  NOW,
  RULES,
  slotFacts,
} from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { EVENING, MORNING, put, slotsOf, week } from '../support/engine/week.ts';

const RAO = doctorId('rao');
const SEN = doctorId('sen');
const [MONDAY, TUESDAY] = slotsOf(MORNING).map(({ id }) => id) as [
  SlotFacts['id'],
  SlotFacts['id'],
];

const factsOf = (engine: AllocationEngine, id: SlotFacts['id']): SlotFacts =>
  found(engine.slot(id)).facts;

/** The records of a command: `doctor` or the id of a slot. */
const touched = (outcome: Outcome<unknown>): string[] =>
  accepted(outcome).changes.map((change) =>
    change.kind === 'slot_set' ? change.slot.id : 'doctor',
  );

const use = (engine: AllocationEngine, slot: SlotFacts['id'], at = NOW) =>
  accepted(
    engine.book({
      doctorId: RAO,
      slotId: slot,
      tokenId: tokenId(`in ${slot}`),
      patientName: 'Asha',
      patientId: patientId('p1'),
      patientType: 'WALK_IN',
      at,
    }),
  );

/** Closes a slot as the hospital does. */
const close = (engine: AllocationEngine, id: SlotFacts['id']): void => {
  const version = found(engine.doctor(RAO)).version + 1;
  const slot = { ...factsOf(engine, id), closedReason: 'the doctor is ill' };
  engine.apply({ kind: 'slot_set', doctorId: RAO, version, at: NOW, slot });
};

const LARGER: Session = { ...MORNING, capacity: 4 };

describe('putting a doctor', () => {
  it('records the doctor, then opens the slots, with consecutive versions (R17)', () => {
    const engine = new AllocationEngine(RULES);
    const { changes, value } = accepted(put(engine, [EVENING, MORNING]));
    const slots = [...slotsOf(EVENING), ...slotsOf(MORNING)];
    const doctor = doctorFacts({ sessions: [EVENING, MORNING] });
    expect(changes).toEqual([
      { kind: 'doctor_set', doctorId: RAO, version: 1, at: NOW, doctor },
      ...slots.map((slot, index) => ({
        kind: 'slot_set',
        doctorId: RAO,
        version: index + 2,
        at: NOW,
        slot,
      })),
    ]);
    expect(value).toBe(engine.doctor(RAO));
    expect(value).toMatchObject({ facts: doctor, version: 5, lastArrival: 0 });
  });

  it('orders the slots by their starts', () => {
    const ids = found(week(EVENING, MORNING).doctor(RAO)).slots.map(({ facts }) => facts.id);
    expect(ids).toEqual([MONDAY, 'evening@2026-01-05', TUESDAY, 'evening@2026-01-06']);
  });

  it('again, changes nothing (R9)', () => {
    const engine = week(MORNING, EVENING);
    const before = snapshotOf(engine);
    expect(touched(put(engine, [MORNING, EVENING]))).toEqual([]);
    expect(snapshotOf(engine)).toEqual(before);
  });

  it('lists every doctor', () => {
    const engine = week(MORNING);
    put(engine, [], { id: SEN });
    expect([...engine.doctors].map(({ facts }) => facts.id)).toEqual([RAO, SEN]);
  });

  it.each<[string, Partial<DoctorFacts>]>([
    ['name', { name: 'Dr A. Rao' }],
    ['department', { department: null }],
  ])('with a new %s does not change the slots', (_, facts) => {
    const engine = week(MORNING);
    expect(touched(put(engine, [MORNING], facts))).toEqual(['doctor']);
    expect(found(engine.doctor(RAO)).facts).toMatchObject(facts);
  });

  it('opens only the missing slots', () => {
    const engine = week(MORNING);
    const doctor = doctorFacts({ sessions: [MORNING] });
    const outcome = engine.putDoctor(doctor, slotsOf(MORNING, [5, 6, 7]), NOW);
    expect(touched(outcome)).toEqual(['morning@2026-01-07']);
  });
});

describe('a revised session', () => {
  it.each<[string, Partial<Session>]>([
    ['start', { start: '08:00' }],
    ['end', { end: '12:00' }],
    ['capacity', { capacity: 4 }],
  ])('changes its unused slots: %s', (_, revision) => {
    const engine = week(MORNING, EVENING);
    const revised = { ...MORNING, ...revision };
    const outcome = put(engine, [revised, EVENING], {}, clock(7));
    expect(touched(outcome)).toEqual(['doctor', MONDAY, TUESDAY]);
    expect([factsOf(engine, MONDAY), factsOf(engine, TUESDAY)]).toEqual(slotsOf(revised));
  });

  it('on other weekdays does not change the slots of the weekdays that stay', () => {
    const engine = week(MORNING);
    expect(touched(put(engine, [{ ...MORNING, weekdays: ['mon', 'tue'] }]))).toEqual(['doctor']);
  });

  it('that starts later changes the order of the slots', () => {
    const engine = week(MORNING, EVENING);
    put(engine, [{ ...MORNING, start: '20:00', end: '21:00' }, EVENING]);
    const ids = found(engine.doctor(RAO)).slots.map(({ facts }) => facts.id);
    expect(ids).toEqual(['evening@2026-01-05', MONDAY, 'evening@2026-01-06', TUESDAY]);
  });

  it('does not change a slot with a live token', () => {
    const engine = week(MORNING);
    use(engine, MONDAY);
    expect(touched(put(engine, [LARGER]))).toEqual(['doctor', TUESDAY]);
    expect(factsOf(engine, MONDAY).capacity).toBe(2);
  });

  it('does not change a slot that has begun', () => {
    const engine = week(MORNING);
    expect(touched(put(engine, [LARGER], {}, clock(9)))).toEqual(['doctor', TUESDAY]);
  });

  it('does not change a single slot', () => {
    const engine = week(MORNING);
    engine.addSlot(slotFacts(), NOW);
    expect(touched(put(engine, [LARGER]))).not.toContain('nine');
  });

  it('does not change a slot that the hospital closed, also when the session is removed', () => {
    const engine = week(MORNING);
    close(engine, MONDAY);
    expect(touched(put(engine, [LARGER]))).toEqual(['doctor', TUESDAY]);
    put(engine, []);
    put(engine, [MORNING]);
    expect(factsOf(engine, MONDAY).closedReason).toBe('the doctor is ill');
  });

  it('of a new time zone changes the slots of every session', () => {
    const engine = week(MORNING, EVENING);
    const sessions = [MORNING, EVENING];
    const hourLater = (slot: SlotFacts) => ({ ...slot, startTime: clock(12), endTime: clock(13) });
    const planned = [...slotsOf(MORNING, [5]), ...slotsOf(EVENING, [5])].map(hourLater);
    const outcome = engine.putDoctor(
      doctorFacts({ sessions, timeZone: 'Asia/Kolkata' }),
      planned,
      NOW,
    );
    expect(touched(outcome)).toEqual([
      'doctor',
      MONDAY,
      'evening@2026-01-05',
      TUESDAY,
      'evening@2026-01-06',
    ]);
    expect(factsOf(engine, MONDAY).startTime).toBe(clock(12));
    expect(factsOf(engine, TUESDAY).closedReason).toBe('session_ended');
  });
});

describe('a session that is removed and added again', () => {
  it('closes its unused slots with session_ended, once', () => {
    const engine = week(MORNING, EVENING);
    expect(touched(put(engine, [EVENING]))).toEqual(['doctor', MONDAY, TUESDAY]);
    expect(factsOf(engine, MONDAY)).toEqual({
      ...slotsOf(MORNING)[0],
      closedReason: 'session_ended',
    });
    expect(touched(put(engine, [EVENING]))).toEqual([]);
  });

  it('does not close a slot with a live token', () => {
    const engine = week(MORNING);
    use(engine, MONDAY);
    expect(touched(put(engine, []))).toEqual(['doctor', MONDAY, TUESDAY]);
    expect(factsOf(engine, MONDAY)).toMatchObject({
      closedReason: null,
      kept: { replacement: null },
    });
  });

  it('opens them again, with its new facts', () => {
    const engine = week(MORNING);
    put(engine, []);
    expect(touched(put(engine, [LARGER]))).toEqual(['doctor', MONDAY, TUESDAY]);
    expect(factsOf(engine, MONDAY)).toEqual(slotsOf(LARGER)[0]);
  });

  it('names no slot while it is removed', () => {
    const engine = week(MORNING);
    use(engine, slotId('morning'));
    expect([engine.sessionDoctor(MORNING.id)?.facts.id, engine.sessionDoctor(MONDAY)]).toEqual([
      RAO,
      undefined,
    ]);
    put(engine, []);
    expect(engine.sessionDoctor(MORNING.id)).toBeUndefined();
    expect(() => use(engine, slotId('morning'))).toThrow('refused: slot_not_found');
  });
});

describe('slots beyond the horizon of a revision', () => {
  /** The session is revised while Tuesday is beyond the horizon, which closes Tuesday's slot. */
  const revised = (): AllocationEngine => {
    const engine = week(MORNING);
    engine.putDoctor(doctorFacts({ sessions: [LARGER] }), slotsOf(LARGER, [5]), NOW);
    expect(factsOf(engine, TUESDAY).closedReason).toBe('session_ended');
    return engine;
  };

  it('open again with the new facts when their day is within the horizon', () => {
    const engine = revised();
    const outcome = accepted(engine.openSlots(RAO, slotsOf(LARGER), NOW));
    expect(touched(outcome)).toEqual([TUESDAY]);
    expect(outcome.value).toEqual([slotsOf(LARGER)[1]]);
    expect(factsOf(engine, TUESDAY)).toEqual(slotsOf(LARGER)[1]);
    expect(touched(engine.openSlots(RAO, slotsOf(LARGER), NOW))).toEqual([]);
  });

  it('open again when the doctor is put once more', () => {
    const engine = revised();
    expect(touched(put(engine, [LARGER]))).toEqual([TUESDAY]);
    expect(touched(put(engine, [LARGER]))).toEqual([]);
  });

  it('open at the new time although the old time has passed', () => {
    const engine = revised();
    const late = slotsOf({ ...LARGER, start: '20:00', end: '21:00' });
    expect(touched(engine.openSlots(RAO, late, clock(24 + 12)))).toEqual([TUESDAY]);
  });

  it('stay closed when they would have started', () => {
    expect(touched(revised().openSlots(RAO, slotsOf(LARGER), clock(24 + 9)))).toEqual([]);
  });

  it('stay closed when the hospital closed them', () => {
    const engine = week(MORNING);
    close(engine, TUESDAY);
    engine.putDoctor(doctorFacts({ sessions: [LARGER] }), slotsOf(LARGER, [5]), NOW);
    // The slot is kept while its day is beyond the plan, because the hospital may open it again (R25).
    expect(factsOf(engine, TUESDAY).kept).toEqual({ replacement: null });
    expect(touched(engine.openSlots(RAO, slotsOf(LARGER), NOW))).toEqual([TUESDAY]);
    expect(touched(put(engine, [LARGER]))).toEqual([]);
    expect(factsOf(engine, TUESDAY)).toMatchObject({
      closedReason: 'the doctor is ill',
      kept: null,
    });
  });

  it('stay closed while they have a live token', () => {
    const engine = week(MORNING);
    use(engine, TUESDAY);
    const version = found(engine.doctor(RAO)).version + 1;
    const slot = { ...factsOf(engine, TUESDAY), closedReason: 'session_ended' };
    engine.apply({ kind: 'slot_set', doctorId: RAO, version, at: NOW, slot });
    expect(touched(engine.openSlots(RAO, slotsOf(MORNING), NOW))).toEqual([]);
  });

  it("stay closed for another doctor's plan", () => {
    const engine = revised();
    put(engine, [], { id: SEN });
    const planned = slotsOf(LARGER).map((slot) => ({ ...slot, doctorId: SEN }));
    expect(touched(engine.openSlots(SEN, planned, NOW))).toEqual([]);
  });
});

describe('opening slots', () => {
  it('opens the planned slots that do not exist yet, once', () => {
    const engine = week(MORNING);
    const outcome = accepted(engine.openSlots(RAO, slotsOf(MORNING, [5, 6, 7]), NOW));
    const [wednesday] = slotsOf(MORNING, [7]);
    expect(outcome.value).toEqual([wednesday]);
    expect(outcome.changes).toEqual([
      { kind: 'slot_set', doctorId: RAO, version: 4, at: NOW, slot: wednesday },
    ]);
    expect(touched(engine.openSlots(RAO, slotsOf(MORNING, [5, 6, 7]), NOW))).toEqual([]);
  });

  it('opens a single slot, empty', () => {
    const outcome = accepted(week().addSlot(slotFacts({ capacity: 3 }), NOW));
    expect(touched(outcome)).toEqual(['nine']);
    expect(outcome.value).toMatchObject({ seated: 0, waiting: 0, seatsLeft: 3, isEmpty: true });
  });

  it.each<[string, Partial<SlotFacts>, at: typeof NOW]>([
    ['doctor_not_found', { id: MONDAY, doctorId: SEN }, clock(10)],
    ['slot_ended', { id: MONDAY }, clock(10)],
    ['id_taken', { id: MONDAY }, clock(9)],
  ])('a single slot is refused with %s first', (code, facts, at) => {
    const outcome = week(MORNING).addSlot(slotFacts(facts), at);
    expect(outcome).toEqual({ ok: false, refusal: { code } });
  });

  it('of an unknown doctor is refused', () => {
    const outcome = week(MORNING).openSlots(SEN, [], NOW);
    expect(outcome).toEqual({ ok: false, refusal: { code: 'doctor_not_found' } });
  });
});
