import { describe, expect, it } from 'vitest';
import {
  AllocationEngine,
  doctorId,
  sessionId,
  slotId,
  type DoctorFacts,
  type Outcome,
  type Session,
} from '../../src/engine/index.ts';
import { doctorFacts, found, NOW, RULES, slotFacts } from '../support/engine/clinic.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { EVENING, MORNING, put, sittings, week } from '../support/engine/week.ts';

const RAO = doctorId('rao');
const SEN = doctorId('sen');
const MONDAY = slotId('morning@2026-01-05');
const NIGHT: Session = { ...EVENING, id: sessionId('night') };

describe('an id that is taken', () => {
  it.each<[string, (engine: AllocationEngine) => Outcome<unknown>]>([
    ["another doctor's session", (engine) => put(engine, [MORNING], { id: SEN })],
    ['a slot, for a session', (engine) => put(engine, [{ ...EVENING, id: sessionId('nine') }])],
    [
      "another doctor's slot",
      (engine) => {
        const [slot] = sittings(EVENING, [5]).map((each) => ({
          ...each,
          doctorId: SEN,
          id: MONDAY,
        }));
        return engine.putDoctor(doctorFacts({ id: SEN, sessions: [EVENING] }), [found(slot)], NOW);
      },
    ],
    [
      'a session of the same doctor, where another session puts its slots',
      (engine) => put(engine, [MORNING, NIGHT, { ...NIGHT, id: sessionId('night@2026-01-05') }]),
    ],
    [
      'the same, whatever comes after the session and in any order',
      (engine) => put(engine, [{ ...NIGHT, id: sessionId('night@x@y') }, NIGHT], { id: SEN }),
    ],
    [
      "a session where another doctor's session stands, be it without slots",
      (engine) => {
        const facts = doctorFacts({ id: SEN, sessions: [{ ...NIGHT, id: sessionId('ward') }] });
        return engine.putDoctor(facts, [], NOW);
      },
    ],
    ['a slot', (engine) => engine.addSlot(slotFacts(), NOW)],
    [
      'a session, for a slot',
      (engine) => engine.addSlot(slotFacts({ id: slotId('morning') }), NOW),
    ],
    [
      "a session's date",
      (engine) => engine.addSlot(slotFacts({ id: slotId('morning@2030-01-01') }), NOW),
    ],
    [
      "a session's date, for a session",
      (engine) => put(engine, [{ ...EVENING, id: sessionId('morning@2030-01-01') }]),
    ],
    [
      'a single slot where the slots of a session would be, for the session',
      (engine) => put(engine, [MORNING, { ...EVENING, id: sessionId('late') }]),
    ],
  ])('%s, is refused and changes nothing', (_, command) => {
    const engine = week(MORNING);
    engine.addSlot(slotFacts(), NOW);
    engine.addSlot(slotFacts({ id: slotId('late@2030-01-01') }), NOW);
    const ward = { ...NIGHT, id: sessionId('ward@7') };
    engine.putDoctor(doctorFacts({ id: doctorId('das'), sessions: [ward] }), [], NOW);
    const before = snapshotOf(engine);
    expect(command(engine)).toEqual({ ok: false, refusal: { code: 'id_taken' } });
    expect(snapshotOf(engine)).toEqual(before);
  });

  it('is free again for another doctor once the session and its slots are gone', () => {
    const engine = new AllocationEngine(RULES);
    engine.putDoctor(doctorFacts({ sessions: [MORNING] }), [], NOW);
    engine.putDoctor(doctorFacts(), [], NOW);
    expect(put(engine, [MORNING], { id: SEN }).ok).toBe(true);
  });
});

describe('the sessions that doctors cannot have', () => {
  const plan = (id: DoctorFacts['id'], ...sessions: readonly Session[]) => {
    const planned = sessions
      .flatMap((each) => sittings(each))
      .map((slot) => ({ ...slot, doctorId: id }));
    return { facts: doctorFacts({ id, sessions }), planned };
  };

  it('are named, doctor after doctor, also where the doctors take them from each other', () => {
    const ward = { ...NIGHT, id: sessionId('night@ward') };
    const plans = [
      plan(RAO, MORNING),
      plan(SEN, MORNING, EVENING, NIGHT),
      plan(doctorId('das'), ward, NIGHT),
    ];
    expect(week(MORNING).takenSessions(plans)).toEqual([
      { doctorId: SEN, sessionIds: ['morning'] },
      { doctorId: 'das', sessionIds: ['night@ward', 'night'] },
    ]);
  });

  it('are those whose slots are still there, closed, as another doctor had them', () => {
    const engine = week(MORNING);
    put(engine, []);
    expect(engine.takenSessions([plan(RAO), plan(SEN, MORNING)])).toEqual([
      { doctorId: SEN, sessionIds: ['morning'] },
    ]);
    expect(engine.takenSessions([plan(RAO, MORNING)])).toEqual([]);
  });

  it('are none when all is well', () => {
    expect(week(MORNING).takenSessions([plan(RAO, MORNING, EVENING), plan(SEN, NIGHT)])).toEqual(
      [],
    );
  });
});
