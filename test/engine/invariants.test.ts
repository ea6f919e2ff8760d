import { describe, expect, it } from 'vitest';
import {
  AllocationEngine,
  DEFAULT_CLASSES,
  NO_DESK_FACTS,
  doctorId,
  slotId,
  tokenId,
  type Change,
  InvariantError,
  unreachable,
} from '../../src/engine/index.ts';
import { accepted, given, RULES, slotFacts } from '../support/engine/clinic.ts';

/** A clinic of one seat that W1 holds, and the change of W1's booking with the next version. */
const fixture = () => {
  const clinic = given(1);
  const [first] = accepted(clinic.book('W1')).changes;
  if (first?.kind !== 'booked') throw new Error('a booking is one change');
  const booked = { ...first, version: first.version + 1 };
  const promoted: Change = {
    ...booked,
    kind: 'promoted',
    from: 'WAITING',
    to: 'BOOKED',
    cause: null,
    ...NO_DESK_FACTS,
  };
  return { clinic, booked, promoted };
};

type Forge = (real: ReturnType<typeof fixture>) => Change;

it('unreachable throws when a value reaches it', () => {
  expect(() => unreachable('reshuffled' as never)).toThrow(
    new InvariantError('unreachable: reshuffled'),
  );
});

describe('a change that does not follow from the state stops the engine', () => {
  it.each<[rule: string, forge: Forge]>([
    ['a token has one place in one slot', ({ booked }) => booked],
    [
      'a slot never seats more than its capacity (R1)',
      ({ booked }) => ({ ...booked, tokenId: tokenId('x') }),
    ],
    [
      'a change of a slot finds the slot in memory',
      ({ booked }) => ({ ...booked, slotId: slotId('x') }),
    ],
    [
      'a change of a token finds the token in memory',
      ({ promoted }) => ({ ...promoted, tokenId: tokenId('x') }),
    ],
    ['a change starts from the status the token has', ({ promoted }) => promoted],
    [
      'a change of a doctor finds the doctor in memory',
      ({ booked }) => ({
        ...booked,
        kind: 'slot_set',
        slot: slotFacts({ doctorId: doctorId('x') }),
      }),
    ],
    [
      "a doctor's changes are applied one after another",
      ({ booked }) => ({ ...booked, version: booked.version + 1 }),
    ],
    [
      'a slot has no fewer seats than seated tokens (R1)',
      ({ booked }) => ({ ...booked, kind: 'slot_set', slot: slotFacts({ capacity: 0 }) }),
    ],
  ])('%s', (rule, forge) => {
    const real = fixture();
    expect(() => real.clinic.engine.apply(forge(real))).toThrow(new InvariantError(rule));
  });

  it('a promotion beyond the capacity stops it too (R1)', () => {
    const { clinic, promoted } = fixture();
    accepted(clinic.book('W2'));
    const second = { ...promoted, version: promoted.version + 1, tokenId: tokenId('W2') } as Change;
    expect(() => clinic.engine.apply(second)).toThrow('never seats more than its capacity (R1)');
  });

  it('a class above EMERGENCY is refused at the start, because R8 would not hold', () => {
    const classes = [...DEFAULT_CLASSES, { type: 'VIP', priority: 200 }];
    expect(() => new AllocationEngine({ ...RULES, classes })).toThrow('EMERGENCY is the highest');
  });

  it('the error has a name and a code of its own', () => {
    expect(new InvariantError('a rule')).toMatchObject({
      name: 'InvariantError',
      code: 'OPD_INVARIANT',
    });
  });
});
