import fc from 'fast-check';
import {
  AllocationEngine,
  DEFAULT_CLASSES,
  doctorId,
  epochMs,
  localDate,
  patientId,
  slotId,
  tokenId,
  type Change,
  type EngineRules,
  type Outcome,
  type SlotFacts,
  type TokenId,
} from '../../src/engine/index.ts';
import { accepted, doctorFacts, found, NOW, RULES, slotFacts } from './clinic.ts';

/** Two doctors; five slots on two days, small enough to be full most of the time. */
export const DOCTORS = [doctorFacts(), doctorFacts({ id: doctorId('sen') })] as const;
export const SLOTS: readonly SlotFacts[] = [
  { doctorId: DOCTORS[0].id, date: localDate('2026-01-05'), capacity: 1 },
  { doctorId: DOCTORS[0].id, date: localDate('2026-01-05'), capacity: 3 },
  { doctorId: DOCTORS[0].id, date: localDate('2026-01-06'), capacity: 2 },
  { doctorId: DOCTORS[1].id, date: localDate('2026-01-05'), capacity: 2 },
  { doctorId: DOCTORS[1].id, date: localDate('2026-01-06'), capacity: 4 },
].map((facts, index) => slotFacts({ ...facts, id: slotId(`s${index}`) }));

export const HISTORY_RULES: EngineRules = { ...RULES, waitlistMax: 5 };

export type Action =
  | {
      readonly kind: 'book';
      readonly slot: number;
      readonly type: string;
      readonly patient: number | null;
    }
  /** Of the token booked so many actions ago: when that was no booking, of a token that never was. */
  | { readonly kind: 'cancel' | 'noShow'; readonly ago: number };

const bookings: fc.Arbitrary<Action> = fc.record({
  kind: fc.constant('book'),
  slot: fc.nat(SLOTS.length - 1),
  type: fc.constantFrom(...DEFAULT_CLASSES.map(({ type }) => type)),
  patient: fc.option(fc.nat(9), { nil: null }),
});
const departures: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom('cancel', 'noShow'),
  ago: fc.integer({ min: 1, max: 20 }),
});

// Without a size, fast-check prefers histories of ten actions, and few slots ever fill.
export const histories = fc.array(
  fc.oneof({ arbitrary: bookings, weight: 3 }, { arbitrary: departures, weight: 2 }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

/** The token that the action at this place of a history books or lets go. */
export const tokenOf = (action: Action, index: number): TokenId =>
  tokenId(`t${action.kind === 'book' ? index : index - action.ago}`);

/** The engine with doctors and slots, and the changes that made them. */
export function opened(): { engine: AllocationEngine; changes: Change[] } {
  const engine = new AllocationEngine(HISTORY_RULES);
  const changes = DOCTORS.flatMap((doctor) => {
    const slots = SLOTS.filter((facts) => facts.doctorId === doctor.id);
    return accepted(engine.putDoctor(doctor, slots, NOW)).changes;
  });
  return { engine, changes };
}

export function perform(engine: AllocationEngine, action: Action, index: number): Outcome<unknown> {
  const command = { tokenId: tokenOf(action, index), at: epochMs(NOW + index) };
  if (action.kind !== 'book') return engine[action.kind](command);
  const { id, doctorId: doctor } = found(SLOTS[action.slot]);
  return engine.book({
    ...command,
    doctorId: doctor,
    slotId: id,
    patientName: 'somebody',
    patientId: action.patient === null ? null : patientId(`p${action.patient}`),
    patientType: action.type,
  });
}

/** The changes of all actions from place `start` of the history on. */
export const play = (engine: AllocationEngine, history: readonly Action[], start = 0): Change[] =>
  history.slice(start).flatMap((action, index) => {
    const outcome = perform(engine, action, start + index);
    return outcome.ok ? outcome.changes : [];
  });
