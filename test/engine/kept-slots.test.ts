import { describe, expect, it } from 'vitest';
import {
  slotId,
  tokenId,
  type AllocationEngine,
  type Outcome,
  type Session,
  type SlotFacts,
} from '../../src/engine/index.ts';
import { accepted, clock, found, NOW, RAO, TODAY } from '../support/engine/clinic.ts';
import { recordsOf } from '../support/engine/steps.ts';
import { EVENING, MORNING, put, week } from '../support/engine/week.ts';

const MONDAY = slotId('morning@2026-01-05');
const TUESDAY = slotId('morning@2026-01-06');
const LATER: Session = { ...MORNING, start: '14:00', end: '15:00', capacity: 5 };
const TWO_O_CLOCK = { startTime: clock(14), endTime: clock(15), capacity: 5 };

const factsOf = (engine: AllocationEngine, id = MONDAY): SlotFacts => found(engine.slot(id)).facts;

const book = (engine: AllocationEngine, name: string, slot: string = MONDAY, at = NOW) =>
  engine.book({
    ...{ doctorId: RAO, slotId: slotId(slot), tokenId: tokenId(name), at },
    ...{ patientName: name, patientId: null, patientType: 'WALK_IN' },
  });

/** A doctor whose slots have these patients; the second of one slot waits if the slot has one seat. */
const given = (session: Session, ...names: readonly string[]): AllocationEngine => {
  const engine = week(session);
  for (const name of names) accepted(book(engine, name));
  return engine;
};

describe('a slot that its session no longer yields is kept for its live tokens (R25)', () => {
  it.each<[what: string, sessions: Session[], replacement: object | null]>([
    ['other times', [LATER], TWO_O_CLOCK],
    ['a later end', [{ ...MORNING, end: '11:00' }], { endTime: clock(11) }],
    ['no session', [], null],
    ['another session in its place', [EVENING], null],
  ])('%s', (_, sessions, replacement) => {
    const engine = given(MORNING, 'W1');
    put(engine, sessions);
    const { kept, startTime, capacity } = factsOf(engine);
    expect([startTime, capacity]).toEqual([clock(9), 2]);
    expect(kept?.replacement ?? null).toEqual(
      replacement && (expect.objectContaining(replacement) as object),
    );
    expect(book(engine, 'W2')).toEqual({ ok: false, refusal: { code: 'intake_closed' } });
  });

  it('but not for another capacity, name or time zone that gives the same times', () => {
    const engine = given(MORNING, 'W1');
    put(engine, [{ ...MORNING, capacity: 9 }], { name: 'Dr R.', timeZone: 'Etc/UTC' });
    expect(factsOf(engine)).toMatchObject({ kept: null, capacity: 2 });
    expect(book(engine, 'W2').ok).toBe(true);
  });

  it('until the session yields these times again', () => {
    const engine = given(MORNING, 'W1');
    put(engine, [LATER]);
    put(engine, []);
    expect(factsOf(engine).kept).toEqual({ replacement: null });
    put(engine, [MORNING]);
    expect(factsOf(engine)).toMatchObject({ kept: null, closedReason: null });
    expect(book(engine, 'W2').ok).toBe(true);
  });

  it('also while it runs, and not once it has ended', () => {
    const kept = (hour: number) => {
      const engine = given(MORNING, 'W1');
      put(engine, [LATER], {}, clock(hour));
      return factsOf(engine).kept;
    };
    expect(kept(9)).toEqual({ replacement: TWO_O_CLOCK });
    expect(kept(10)).toBeNull();
  });

  it('the opening of a new day finds the slots that an earlier version did not keep', () => {
    const engine = given(MORNING, 'W1');
    const planned = [{ ...factsOf(engine), ...TWO_O_CLOCK }];
    expect(recordsOf(engine.openSlots(RAO, planned, NOW))).toEqual([
      ...[`slot_set ${MONDAY}`, `slot_set ${TUESDAY}`],
    ]);
    expect(factsOf(engine).kept).toEqual({ replacement: TWO_O_CLOCK });
    expect(factsOf(engine, TUESDAY).closedReason).toBe('session_ended');
  });
});

describe('a kept slot follows its session in the command that empties it (R25)', () => {
  type Step = (engine: AllocationEngine) => Outcome<unknown>;
  const W1 = tokenId('W1');
  const STEPS: [string, Step][] = [
    ['a cancellation', (engine) => engine.cancel({ tokenId: W1, at: NOW })],
    ['a no-show', (engine) => engine.noShow({ tokenId: W1, force: true, at: NOW })],
    ['a move', (engine) => engine.move({ tokenId: W1, slotId: slotId('camp'), at: NOW })],
  ];
  const withCamp = (sessions: Session[]): AllocationEngine => {
    const engine = given(MORNING, 'W1');
    const camp = { ...factsOf(engine), id: slotId('camp'), sessionId: null };
    engine.addSlot({ ...camp, startTime: clock(18), endTime: clock(19) }, NOW);
    put(engine, sessions);
    return engine;
  };

  it.each(STEPS)('%s: it takes the new times and seats', (_, step) => {
    const engine = withCamp([LATER]);
    const records = recordsOf(step(engine));
    expect(records.slice(0, 2).at(-1)).toBe(`slot_set ${MONDAY}`);
    expect(factsOf(engine)).toMatchObject({ ...TWO_O_CLOCK, kept: null, closedReason: null });
    const { token } = accepted(book(engine, 'W2')).value;
    expect(token.slot.facts.startTime).toBe(clock(14));
  });

  it.each(STEPS)('%s: it closes when the session is gone', (_, step) => {
    const engine = withCamp([]);
    accepted(step(engine));
    expect(factsOf(engine)).toMatchObject({ kept: null, closedReason: 'session_ended' });
    expect(book(engine, 'W2')).toEqual({ ok: false, refusal: { code: 'slot_closed' } });
  });

  it('not before the last one: a waiting patient gets the seat first (R5)', () => {
    const engine = given({ ...MORNING, capacity: 1 }, 'W1', 'W2');
    put(engine, [LATER]);
    expect(recordsOf(engine.cancel({ tokenId: W1, at: NOW }))).toEqual([
      ...['cancelled W1', 'promoted W2 by W1'],
    ]);
    expect(recordsOf(engine.cancel({ tokenId: tokenId('W2'), at: NOW }))).toEqual([
      ...['cancelled W2', `slot_set ${MONDAY}`],
    ]);
  });

  it('it closes when the new times have passed meanwhile', () => {
    const engine = week({ ...MORNING, start: '16:00', end: '17:00' });
    accepted(book(engine, 'W1'));
    put(engine, [MORNING]);
    expect(factsOf(engine).kept).toEqual({
      replacement: { startTime: clock(9), endTime: clock(10), capacity: 2 },
    });
    engine.cancel({ tokenId: W1, at: clock(12) });
    expect(factsOf(engine)).toMatchObject({ startTime: clock(16), closedReason: 'session_ended' });
  });

  it('a visit that is completed keeps its seat, and so the slot stays kept', () => {
    const engine = given(MORNING, 'W1');
    put(engine, [LATER]);
    engine.start({ tokenId: W1, today: TODAY, room: null, at: NOW });
    expect(recordsOf(engine.complete({ tokenId: W1, at: NOW }))).toEqual(['completed W1']);
    expect(book(engine, 'W2')).toEqual({ ok: false, refusal: { code: 'intake_closed' } });
  });

  it('an ended slot does not follow', () => {
    const engine = given(MORNING, 'W1');
    put(engine, [LATER], {}, clock(9));
    expect(recordsOf(engine.cancel({ tokenId: W1, at: clock(10) }))).toEqual(['cancelled W1']);
  });
});

describe('an empty slot follows at once (R25)', () => {
  it.each<[what: string, hour: number]>([
    ['before it begins', 8],
    ['while it runs', 9],
  ])('%s', (_, hour) => {
    const engine = week(MORNING);
    put(engine, [LATER], {}, clock(hour));
    expect(factsOf(engine)).toMatchObject({ ...TWO_O_CLOCK, kept: null, closedReason: null });
  });

  it('it closes when the session yields a slot that has ended', () => {
    const engine = week(LATER);
    put(engine, [MORNING], {}, clock(12));
    expect(factsOf(engine)).toMatchObject({ startTime: clock(14), closedReason: 'session_ended' });
  });

  it('one that the hospital closed stays closed, and is kept for the case that it is opened again', () => {
    const engine = given(MORNING, 'W1');
    engine.closeSlot({ slotId: MONDAY, reason: 'ill', moveTo: null, at: NOW });
    put(engine, [LATER]);
    const closed = { startTime: clock(9), closedReason: 'ill' };
    expect(factsOf(engine)).toMatchObject({ ...closed, kept: { replacement: TWO_O_CLOCK } });
    put(engine, [MORNING]);
    expect(factsOf(engine)).toMatchObject({ ...closed, kept: null });
  });
});
