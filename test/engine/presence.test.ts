import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CLASSES, EMERGENCY, SEATED_STATUSES, type Token } from '../../src/engine/index.ts';
import { Clinic, RULES } from '../support/clinic.ts';
import { rerun, seed } from '../support/seed.ts';
import { restored, snapshotOf } from '../support/snapshot.ts';

type Newcomer = Pick<Token, 'patientClass'>;

/** R3: a `BOOKED` token of strictly lower priority; an `EMERGENCY` may also bump a `CHECKED_IN` one. */
const mayBump = ({ patientClass }: Newcomer, { status, patientClass: other }: Token): boolean =>
  other.priority < patientClass.priority &&
  (status === 'BOOKED' || (status === 'CHECKED_IN' && patientClass.type === EMERGENCY));

/** R3, word by word: the lowest priority, among equals first one not yet checked in, then the latest arrival. */
function victimOf(newcomer: Newcomer, seated: readonly Token[]): Token | null {
  const bumpable = seated.filter((token) => mayBump(newcomer, token));
  const lowest = Math.min(...bumpable.map(({ patientClass }) => patientClass.priority));
  const equals = bumpable.filter(({ patientClass }) => patientClass.priority === lowest);
  const absent = equals.filter(({ status }) => status !== 'CHECKED_IN');
  const candidates = absent.length > 0 ? absent : equals;
  return candidates.toSorted((a, b) => a.arrival - b.arrival).at(-1) ?? null;
}

const outranks = (a: Token, b: Token): boolean =>
  a.patientClass.priority > b.patientClass.priority ||
  (a.patientClass.priority === b.patientClass.priority && a.arrival < b.arrival);

function checkRules({ slot }: Clinic): void {
  const seated = slot.seatedTokens();
  const waiting = slot.waitlist();
  const unjust = waiting.flatMap((waiter) =>
    seated.filter((token) => outranks(waiter, token) && mayBump(waiter, token)),
  );
  expect(unjust, 'R8').toEqual([]);
  expect(seated.length, 'R1').toBeLessThanOrEqual(slot.facts.capacity);
  expect(slot.seatsLeft === 0 || waiting.length === 0, 'R5').toBe(true);
  const toBeSeen = seated.filter(({ status }) => status !== 'COMPLETED');
  for (const token of [...seated, ...waiting])
    expect(slot.seatedAheadOf(token)).toBe(
      toBeSeen.filter((ahead) => outranks(ahead, token)).length,
    );
}

const LETTERS = DEFAULT_CLASSES.map(({ type }) => type.charAt(0));
const letters = fc.constantFrom(...LETTERS);
const seats = fc.array(fc.tuple(letters, fc.constantFrom(...SEATED_STATUSES)), { maxLength: 6 });
const actions = fc.array(
  fc.oneof(
    { arbitrary: fc.record({ kind: fc.constant('book' as const), letter: letters }), weight: 3 },
    {
      arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'noShow'), place: fc.nat(9) }),
      weight: 2,
    },
  ),
  { maxLength: 30, size: 'max' },
);

/** Books the newcomer and compares whom it bumped, and where it landed, with the text of R3. */
function bookAndCompare(clinic: Clinic, name: string): void {
  const patientClass = DEFAULT_CLASSES[LETTERS.indexOf(name.charAt(0))];
  if (patientClass === undefined) throw new Error('every letter has a class');
  const hadRoom = clinic.slot.seatsLeft > 0;
  const victim = hadRoom ? null : victimOf({ patientClass }, clinic.slot.seatedTokens());
  const wasPresent = victim?.present;
  const status = hadRoom || victim !== null ? 'BOOKED' : 'WAITING';
  expect(clinic.book(name)).toMatchObject({ value: { token: { status }, bumped: victim } });
  if (victim !== null) expect([victim.status, victim.present]).toEqual(['WAITING', wasPresent]);
}

describe('with patients at the desk and with the doctor', () => {
  it(`R3 takes the right victim, R1, R5 and R8 hold after every command ${rerun}`, () => {
    const property = fc.property(seats, fc.nat(1), actions, (seated, free, history) => {
      const people = seated.map(([letter, status], index) => `${letter}${index}:${status}`);
      const capacity = Math.max(1, people.length + free);
      const clinic = new Clinic({ people: people.join(' '), slot: { capacity } });
      for (const [index, action] of history.entries()) {
        const live = [...clinic.slot.seatedTokens(), ...clinic.slot.waitlist()];
        if ('letter' in action) bookAndCompare(clinic, `${action.letter}${index + 10}`);
        else {
          const token = live[action.place];
          const promotes = token !== undefined && token.status !== 'WAITING';
          const next = promotes ? (clinic.slot.nextWaiting() ?? null) : null;
          const outcome = clinic[action.kind](token?.id ?? 'nobody');
          if (outcome.ok) expect(outcome.value.promoted).toBe(next);
          if (outcome.ok && next !== null)
            expect(next.status).toBe(next.present ? 'CHECKED_IN' : 'BOOKED');
        }
        checkRules(clinic);
      }
      const snapshot = snapshotOf(clinic.engine);
      expect(snapshotOf(restored(snapshot, RULES))).toEqual(snapshot);
    });
    fc.assert(property, { seed, numRuns: 2_000 });
  });
});
