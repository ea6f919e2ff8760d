import fc from 'fast-check';
import {
  AllocationEngine,
  type CallNext,
  DEFAULT_CLASSES,
  INTAKES,
  epochMs,
  localDate,
  patientId,
  slotId,
  tokenId,
  type Change,
  type DoctorId,
  type EngineRules,
  type EpochMs,
  type Intake,
  type LocalDate,
  type Outcome,
  type PatientId,
  type SlotFacts,
  type TokenId,
} from '../../../src/engine/index.ts';
import {
  accepted,
  clock,
  doctorFacts,
  found,
  NOW,
  RULES,
  SEN,
  slotFacts,
  TODAY,
  TOMORROW,
} from '../engine/clinic.ts';
import type { Clinic } from './model.ts';

/** Two doctors with five slots on two days, so small that they are full most of the time. */
/** The second doctor has two rooms. */
export const DOCTORS = [doctorFacts(), doctorFacts({ id: SEN, rooms: 2 })] as const;
export const SLOTS: readonly SlotFacts[] = [
  { startTime: clock(9), endTime: clock(10), capacity: 1 },
  { startTime: clock(10), endTime: clock(12), capacity: 2 },
  { date: TOMORROW, startTime: clock(33), endTime: clock(34), capacity: 1 },
  { doctorId: SEN, startTime: clock(9), endTime: clock(11), capacity: 2 },
  { doctorId: SEN, date: TOMORROW, startTime: clock(34), endTime: clock(35), capacity: 2 },
].map((facts, index) => slotFacts({ ...facts, id: slotId(`s${index}`) }));

/** The name of every patient at booking. */
export const NAME = 'somebody';
export const HISTORY_RULES: EngineRules = { ...RULES, graceMinutes: 5, waitlistMax: 4 };

/** The doctors and slots of the histories, as a reference model has them. */
export const CLINIC: Clinic = { doctors: DOCTORS, slots: SLOTS, rules: HISTORY_RULES };

type Step =
  | {
      readonly kind: 'book';
      readonly slot: number;
      readonly name: string;
      readonly type: string;
      readonly patient: number | null;
    }
  | {
      readonly kind: 'cancel' | 'checkIn' | 'complete' | 'skip';
      readonly ago: number;
    }
  | { readonly kind: 'undo'; readonly ago: number }
  | {
      readonly kind: 'correct';
      readonly ago: number;
      readonly name: string | undefined;
      readonly patient: number | undefined;
    }
  | { readonly kind: 'start'; readonly ago: number; readonly room: string | null }
  | { readonly kind: 'noShow'; readonly ago: number; readonly force: boolean }
  | { readonly kind: 'move'; readonly ago: number; readonly slot: number }
  | { readonly kind: 'reclassify'; readonly ago: number; readonly type: string }
  | {
      readonly kind: 'callNext';
      readonly doctor: number;
      readonly slot: number | null;
      readonly room: string | null;
      readonly current: CallNext['current'];
    }
  | {
      readonly kind: 'reviseSlot';
      readonly slot: number;
      readonly capacity: number | undefined;
      readonly delayMinutes: number | undefined;
      readonly intake: Intake | undefined;
    }
  | { readonly kind: 'closeSlot'; readonly slot: number; readonly moveTo: number | null }
  | { readonly kind: 'reopenSlot'; readonly slot: number }
  | { readonly kind: 'setBreak'; readonly doctor: number; readonly minutes: number }
  | {
      readonly kind: 'delayDay';
      readonly doctor: number;
      readonly date: LocalDate;
      readonly minutes: number;
    }
  | { readonly kind: 'advanceTime'; readonly doctor: number };

/**
 * A step with its time and its token: the token that it books, optional the one of a booking some bookings ago
 * (`ago`).
 */
export type Action = Step & { readonly at: EpochMs; readonly token: TokenId };
export type ActionOf<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

// Today's slots come up more often, so that they fill, run and end within a history.
const slot = fc.constantFrom(0, 1, 1, 1, 2, 3, 3, 4);
const doctor = fc.nat(DOCTORS.length - 1);
const type = fc.constantFrom(...DEFAULT_CLASSES.map((known) => known.type));
const ago = fc.nat(7);
const optional = <T, U>(arbitrary: fc.Arbitrary<T>, nil: U): fc.Arbitrary<T | U> =>
  fc.option(arbitrary, { nil });
const flag = fc.boolean();
const room = fc.constantFrom(null, null, 'A', 'B');
const kind = <Kind extends Step['kind']>(...kinds: readonly Kind[]): fc.Arbitrary<Kind> =>
  fc.constantFrom(...kinds);

/** Each kind of step with its weight: how often it comes up. */
const STEPS: readonly [weight: number, arbitrary: fc.Arbitrary<Step>][] = [
  [
    32,
    fc.record({
      kind: kind('book'),
      slot,
      name: fc.constant(NAME),
      type,
      patient: optional(fc.nat(9), null),
    }),
  ],
  [18, fc.record({ kind: kind('checkIn'), ago })],
  [8, fc.record({ kind: kind('complete'), ago })],
  [4, fc.record({ kind: kind('cancel'), ago })],
  [9, fc.record({ kind: kind('start'), ago, room })],
  [3, fc.record({ kind: kind('skip'), ago })],
  [7, fc.record({ kind: kind('undo'), ago })],
  [
    3,
    fc.record({
      kind: kind('correct'),
      ago,
      name: optional(fc.constantFrom(NAME, 'somebody else'), undefined),
      patient: optional(fc.nat(9), undefined),
    }),
  ],
  [4, fc.record({ kind: kind('noShow'), ago, force: flag })],
  [8, fc.record({ kind: kind('move'), ago, slot })],
  [6, fc.record({ kind: kind('reclassify'), ago, type })],
  [
    12,
    fc.record({
      kind: kind('callNext'),
      doctor,
      slot: fc.option(slot, { nil: null, freq: 2 }),
      room,
      current: fc.constantFrom('completed', 'completed', 'completed', 'skipped', null),
    }),
  ],
  [
    11,
    fc.record({
      kind: kind('reviseSlot'),
      slot,
      capacity: optional(fc.constantFrom(1, 1, 1, 1, 2, 3, 4), undefined),
      delayMinutes: optional(fc.constantFrom(0, 10, 60), undefined),
      intake: optional(fc.constantFrom('ALL', ...INTAKES), undefined),
    }),
  ],
  [2, fc.record({ kind: kind('closeSlot'), slot, moveTo: optional(slot, null) })],
  [2, fc.record({ kind: kind('reopenSlot'), slot })],
  [1, fc.record({ kind: kind('setBreak'), doctor, minutes: fc.constantFrom(0, 0, 15) })],
  [
    2,
    fc.record({
      kind: kind('delayDay'),
      doctor,
      date: fc.constantFrom(TODAY, TOMORROW),
      minutes: fc.constantFrom(0, 30),
    }),
  ],
  [2, fc.record({ kind: kind('advanceTime'), doctor })],
];
/** Minutes until the next step: mostly few, sometimes 20, rarely until the next day. */
const pauses = fc.oneof(
  { arbitrary: fc.nat(2), weight: 180 },
  { arbitrary: fc.constant(20), weight: 12 },
  { arbitrary: fc.constant(1_000), weight: 1 },
);
const steps = fc.oneof(...STEPS.map(([weight, arbitrary]) => ({ weight, arbitrary })));

/** Random histories: the time advances from step to step, and a step uses one of the latest bookings. */
export const histories: fc.Arbitrary<Action[]> = fc
  // `size` is set because fast-check would otherwise prefer histories of ten actions, in which few slots fill.
  .array(fc.tuple(steps, pauses), { minLength: 1, maxLength: 80, size: 'max' })
  .map((history) => {
    let minutes = 0;
    const booked: TokenId[] = [];
    return history.map(([step, pause], index) => {
      minutes += pause;
      if (step.kind === 'book') booked.push(tokenId(`t${index}`));
      const back = 'ago' in step ? step.ago : 0;
      const token = booked.at(-1 - (back % booked.length)) ?? tokenId('nobody');
      return { ...step, at: epochMs(NOW + minutes * 60_000), token };
    });
  });

/**
 * The same histories in every run, as `examples` of a property. Together they reach every kind of change and every
 * refusal that a history can reach; of other seeds some hundred histories more are needed.
 */
export const fixedHistories = (): [Action[]][] =>
  fc.sample(histories, { seed: 2, numRuns: 200 }).map((history) => [history]);

/** The calendar day of an instant in the doctors' time zone, UTC. */
export const dateOf = (at: EpochMs): LocalDate =>
  localDate(new Date(at).toISOString().slice(0, 10));

/** An engine with the doctors and slots, and the changes that set them up. */
export function opened(): { engine: AllocationEngine; changes: Change[] } {
  const engine = new AllocationEngine(HISTORY_RULES);
  const changes = DOCTORS.flatMap((facts) => {
    const slots = SLOTS.filter(({ doctorId }) => doctorId === facts.id);
    return accepted(engine.putDoctor(facts, slots, NOW)).changes;
  });
  return { engine, changes };
}

const slotAt = (index: number): SlotFacts => found(SLOTS[index]);
const doctorAt = (index: number): DoctorId => found(DOCTORS[index]).id;

export const patientOf = (patient: number | null): PatientId | null =>
  patient === null ? null : patientId(`p${patient}`);

/** Performs one action on an engine. */
export function perform(engine: AllocationEngine, action: Action): Outcome<unknown> {
  const { at } = action;
  const today = dateOf(at);
  const command = { tokenId: action.token, at };
  switch (action.kind) {
    case 'book':
      return engine.book({
        ...command,
        doctorId: slotAt(action.slot).doctorId,
        slotId: slotAt(action.slot).id,
        patientName: action.name,
        patientId: patientOf(action.patient),
        patientType: action.type,
      });
    case 'cancel':
    case 'complete':
    case 'skip':
      return engine[action.kind](command);
    case 'checkIn': {
      const slot = engine.token(action.token)?.slot.facts;
      const dateBegins = epochMs(Date.parse(slot?.date ?? today));
      return engine.checkIn({ ...command, today, dateBegins });
    }
    case 'undo':
      return engine.undo({ ...command, today });
    case 'correct': {
      const { name, patient } = action;
      const named = patient === undefined ? undefined : patientId(`p${patient}`);
      return engine.correct({ ...command, patientName: name, patientId: named });
    }
    case 'start':
      return engine.start({ ...command, today, room: action.room });
    case 'noShow':
      return engine.noShow({ ...command, force: action.force });
    case 'move':
      return engine.move({ ...command, slotId: slotAt(action.slot).id });
    case 'reclassify':
      return engine.reclassify({ ...command, patientType: action.type });
    case 'callNext': {
      const idOfSlot = action.slot === null ? null : slotAt(action.slot).id;
      const { room, current } = action;
      const doctorId = doctorAt(action.doctor);
      return engine.callNext({ doctorId, slotId: idOfSlot, room, current, today, at });
    }
    case 'reviseSlot':
      return engine.reviseSlot({ ...action, slotId: slotAt(action.slot).id });
    case 'closeSlot': {
      const moveTo = action.moveTo === null ? null : slotAt(action.moveTo).id;
      return engine.closeSlot({ slotId: slotAt(action.slot).id, moveTo, reason: 'ill', at });
    }
    case 'reopenSlot':
      return engine.reopenSlot({ slotId: slotAt(action.slot).id, at });
    case 'setBreak':
      return engine.setBreak({ ...action, doctorId: doctorAt(action.doctor) });
    case 'delayDay':
      return engine.delayDay({ ...action, doctorId: doctorAt(action.doctor) });
    case 'advanceTime':
      return engine.advanceTime(doctorAt(action.doctor), at);
  }
}

/** Performs the actions of a history from index `start` on. Returns their changes. */
export const play = (engine: AllocationEngine, history: readonly Action[], start = 0): Change[] =>
  history.slice(start).flatMap((action) => {
    const outcome = perform(engine, action);
    return outcome.ok ? outcome.changes : [];
  });
