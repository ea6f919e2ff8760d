import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  NEW_SESSION,
  COMMAND_REFUSALS,
  doctorId,
  ENGINE_REFUSALS,
  leaveId,
  sessionId,
  slotId,
  tokenId,
  type EngineCommand,
  type EngineRefusalCode,
  type Leave,
  type Outcome,
  type Session,
} from '../../src/engine/index.ts';
import { Clinic, clock, doctorFacts, NOW, slotFacts, TODAY } from '../support/engine/clinic.ts';
import { fixedHistories, histories, opened, perform } from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';

const COMMANDS = Object.keys(COMMAND_REFUSALS) as EngineCommand[];
const listOf = (command: EngineCommand): readonly EngineRefusalCode[] => COMMAND_REFUSALS[command];

it.each(COMMANDS)('%s lists its codes once, in the order of the engine', (command) => {
  const isListed = (code: EngineRefusalCode): boolean => listOf(command).includes(code);
  expect(listOf(command)).toEqual(ENGINE_REFUSALS.filter(isListed));
});

it('every code of the engine is in the list of a command', () => {
  const listed = new Set(COMMANDS.flatMap(listOf));
  expect(ENGINE_REFUSALS.filter((code) => !listed.has(code))).toEqual([]);
});

it(`a command refuses only with the codes of its list, whatever happens ${rerun}`, () => {
  const seen = new Set<string>();
  const property = fc.property(histories, (history) => {
    const { engine } = opened();
    for (const action of history) {
      const outcome = perform(engine, action);
      if (outcome.ok) continue;
      const command: EngineCommand = action.kind;
      const { code } = outcome.refusal;
      // `expect` is called only for a fault, because 100,000 calls cost seconds.
      if (!listOf(command).includes(code)) expect(listOf(command)).toContain(code);
      seen.add(`${command} ${code}`);
    }
  });
  fc.assert(property, { seed, numRuns: 2_000, examples: fixedHistories() });
  expect([...seen]).toEqual(
    expect.arrayContaining([
      'book duplicate_booking',
      'book slot_ended',
      'book slot_closed',
      'book waitlist_full',
      'book intake_closed',
      'move duplicate_booking',
      'move waitlist_full',
      'correct duplicate_booking',
      'undo duplicate_booking',
      'move slot_ended',
      'reclassify invalid_transition',
      'noShow too_early',
      'checkIn too_early',
      'checkIn slot_ended',
      'skip invalid_transition',
      'undo slot_ended',
      'undo slot_closed',
      'undo nothing_to_undo',
      'reopenSlot slot_ended',
      'callNext consultation_in_progress',
      'callNext nobody_waiting',
      'start consultation_in_progress',
      'reviseSlot capacity_below_seated',
      'closeSlot slot_ended',
    ]),
  );
});

const NOBODY = { tokenId: tokenId('nobody'), at: NOW };
const NOWHERE = slotId('nowhere');
const NO_DOCTOR = doctorId('nobody');
const LEAVE: Leave = { id: leaveId('l1'), from: TODAY, to: TODAY, reason: 'a course' };
const SESSION: Session = {
  ...{ id: sessionId('taken'), weekdays: ['mon'], capacity: 1 },
  ...{ start: '09:00', end: '10:00' },
  ...NEW_SESSION,
};

/** Every command but those that are never refused. */
type RefusingCommand = Exclude<EngineCommand, 'putHolidays' | 'announce'>;

/** Of each command one that is refused with the first code of its list, although later codes may apply too. */
const FIRST: Readonly<Record<RefusingCommand, (clinic: Clinic) => Outcome<unknown>>> = {
  book: (clinic) => clinic.book('W1', { doctorId: NO_DOCTOR, slotId: NOWHERE }),
  cancel: ({ engine }) => engine.cancel(NOBODY),
  noShow: ({ engine }) => engine.noShow({ ...NOBODY, force: false }),
  checkIn: ({ engine }) => engine.checkIn({ ...NOBODY, today: TODAY, dateBegins: clock(24) }),
  start: ({ engine }) => engine.start({ ...NOBODY, today: TODAY, room: null }),
  correct: ({ engine }) =>
    engine.correct({ ...NOBODY, patientName: undefined, patientId: undefined }),
  complete: ({ engine }) => engine.complete(NOBODY),
  skip: ({ engine }) => engine.skip(NOBODY),
  undo: ({ engine }) => engine.undo({ ...NOBODY, today: TODAY }),
  callNext: ({ engine }) =>
    engine.callNext({
      ...{ doctorId: NO_DOCTOR, slotId: NOWHERE, room: null, current: null },
      ...{ today: TODAY, at: NOW },
    }),
  move: ({ engine }) => engine.move({ ...NOBODY, slotId: NOWHERE }),
  reclassify: ({ engine }) => engine.reclassify({ ...NOBODY, patientType: 'WALK_IN' }),
  putDoctor: ({ engine }) => {
    const sessions = [SESSION];
    engine.putDoctor(doctorFacts({ id: doctorId('first'), sessions }), [], NOW);
    return engine.putDoctor(doctorFacts({ id: doctorId('other'), sessions }), [], NOW);
  },
  openSlots: ({ engine }) => engine.openSlots(NO_DOCTOR, [], NOW),
  addSlot: ({ engine }) => engine.addSlot(slotFacts({ doctorId: NO_DOCTOR }), clock(23)),
  reviseSlot: ({ engine }) =>
    engine.reviseSlot({
      ...{ slotId: NOWHERE, capacity: 1, delayMinutes: 0 },
      ...{ intake: undefined, at: NOW },
    }),
  closeSlot: ({ engine }) =>
    engine.closeSlot({ slotId: NOWHERE, reason: 'ill', moveTo: null, at: NOW }),
  reopenSlot: ({ engine }) => engine.reopenSlot({ slotId: NOWHERE, at: NOW }),
  setBreak: ({ engine }) => engine.setBreak({ doctorId: NO_DOCTOR, minutes: 5, at: NOW }),
  delayDay: ({ engine }) =>
    engine.delayDay({ doctorId: NO_DOCTOR, date: TODAY, minutes: 5, at: NOW }),
  retireDoctor: ({ engine }) => engine.retireDoctor({ doctorId: NO_DOCTOR, today: TODAY, at: NOW }),
  takeLeave: ({ engine }) =>
    engine.takeLeave({ doctorId: NO_DOCTOR, leave: LEAVE, moveTo: NOWHERE, at: NOW }),
  endLeave: ({ engine }) =>
    engine.endLeave({ doctorId: NO_DOCTOR, leaveId: LEAVE.id, planned: [], at: NOW }),
  advanceTime: ({ engine }) => engine.advanceTime(NO_DOCTOR, NOW),
};

it.each(Object.keys(FIRST) as RefusingCommand[])(
  '%s answers the first code of its list before all others',
  (command) => {
    const outcome = FIRST[command](new Clinic({}));
    expect(outcome).toEqual({ ok: false, refusal: { code: listOf(command)[0] } });
  },
);
