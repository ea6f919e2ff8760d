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
import { EVENING, MORNING, put, slotsOf, week } from '../support/engine/week.ts';

const RAO = doctorId('rao');
const SEN = doctorId('sen');
const MONDAY = slotId('morning@2026-01-05');
const NIGHT: Session = { ...EVENING, id: sessionId('night') };

describe('an id that is taken', () => {
  it.each<[string, (engine: AllocationEngine) => Outcome<unknown>]>([
    ["another doctor's session", (engine) => put(engine, [MORNING], { id: SEN })],
    ["a slot's id for a session", (engine) => put(engine, [{ ...EVENING, id: sessionId('nine') }])],
    [
      "another doctor's slot",
      (engine) => {
        const [slot] = slotsOf(EVENING, [5]).map((each) => ({
          ...each,
          doctorId: SEN,
          id: MONDAY,
        }));
        return engine.putDoctor(doctorFacts({ id: SEN, sessions: [EVENING] }), [found(slot)], NOW);
      },
    ],
    [
      "a session's id among the slots of another session of the same doctor",
      (engine) => put(engine, [MORNING, NIGHT, { ...NIGHT, id: sessionId('night@2026-01-05') }]),
    ],
    [
      'the same with more parts after the session, in any order',
      (engine) => put(engine, [{ ...NIGHT, id: sessionId('night@x@y') }, NIGHT], { id: SEN }),
    ],
    [
      "a session whose slots' ids are taken by another doctor's session, also before it has slots",
      (engine) => {
        const facts = doctorFacts({ id: SEN, sessions: [{ ...NIGHT, id: sessionId('ward') }] });
        return engine.putDoctor(facts, [], NOW);
      },
    ],
    ["a slot's id for another slot", (engine) => engine.addSlot(slotFacts(), NOW)],
    [
      "a session's id for a slot",
      (engine) => engine.addSlot(slotFacts({ id: slotId('morning') }), NOW),
    ],
    [
      "the id of a session's slot of a later date for a single slot",
      (engine) => engine.addSlot(slotFacts({ id: slotId('morning@2030-01-01') }), NOW),
    ],
    [
      "the id of a session's slot of a later date for a session",
      (engine) => put(engine, [{ ...EVENING, id: sessionId('morning@2030-01-01') }]),
    ],
    [
      'a session whose later slot would have the id of a single slot',
      (engine) => put(engine, [MORNING, { ...EVENING, id: sessionId('late') }]),
    ],
  ])('is refused and changes nothing (R9): %s', (_, command) => {
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
      .flatMap((each) => slotsOf(each))
      .map((slot) => ({ ...slot, doctorId: id }));
    return { facts: doctorFacts({ id, sessions }), planned };
  };

  it('are named doctor by doctor, also when two of these doctors want the same id', () => {
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

  it('include sessions whose closed slots belong to another doctor', () => {
    const engine = week(MORNING);
    put(engine, []);
    expect(engine.takenSessions([plan(RAO), plan(SEN, MORNING)])).toEqual([
      { doctorId: SEN, sessionIds: ['morning'] },
    ]);
    expect(engine.takenSessions([plan(RAO, MORNING)])).toEqual([]);
  });

  it('are none when all ids are free', () => {
    expect(week(MORNING).takenSessions([plan(RAO, MORNING, EVENING), plan(SEN, NIGHT)])).toEqual(
      [],
    );
  });
});
