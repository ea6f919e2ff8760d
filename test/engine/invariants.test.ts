import { describe, expect, it } from 'vitest';
import { doctorId, slotId, tokenId, type Change, InvariantError } from '../../src/engine/index.ts';
import { accepted, given, slotFacts } from '../support/clinic.ts';

/** A clinic of one seat that W1 holds, and the change that booked her. */
const fixture = () => {
  const clinic = given(1);
  const [booked] = accepted(clinic.book('W1')).changes;
  if (booked?.kind !== 'booked') throw new Error('a booking is one change');
  const promoted: Change = {
    ...booked,
    kind: 'promoted',
    from: 'WAITING',
    to: 'BOOKED',
    cause: null,
  };
  return { clinic, booked, promoted };
};

type Forge = (real: ReturnType<typeof fixture>) => Change;

describe('a change that cannot be stops the engine', () => {
  it.each<[rule: string, forge: Forge]>([
    ['a token is booked once', ({ booked }) => booked],
    [
      'a slot never seats more than its capacity (R1)',
      ({ booked }) => ({ ...booked, tokenId: tokenId('x') }),
    ],
    ['a token belongs to a slot in memory', ({ booked }) => ({ ...booked, slotId: slotId('x') })],
    ['a token has a class of the table', ({ booked }) => ({ ...booked, patientType: 'EMERGANCY' })],
    [
      'a token that changes is in memory',
      ({ promoted }) => ({ ...promoted, tokenId: tokenId('x') }),
    ],
    ['a change starts from the status the token has', ({ promoted }) => promoted],
    [
      'a slot belongs to a doctor in memory',
      ({ booked }) => ({
        ...booked,
        kind: 'slot_set',
        slot: slotFacts({ doctorId: doctorId('x') }),
      }),
    ],
    [
      'a change belongs to a doctor in memory',
      ({ booked }) => ({
        ...booked,
        doctorId: doctorId('x'),
        tokenId: tokenId('x'),
        to: 'WAITING',
      }),
    ],
    [
      'unreachable: [object Object]',
      ({ booked }) => ({ ...booked, kind: 'reshuffled' }) as unknown as Change,
    ],
  ])('%s', (rule, forge) => {
    const real = fixture();
    expect(() => real.clinic.engine.apply(forge(real))).toThrow(new InvariantError(rule));
  });

  it('a promotion beyond the capacity stops it too', () => {
    const { clinic, promoted } = fixture();
    accepted(clinic.book('W2'));
    const second = { ...promoted, tokenId: tokenId('W2') } as Change;
    expect(() => clinic.engine.apply(second)).toThrow('never seats more than its capacity (R1)');
  });

  it('the error has a code of its own, and blames no client', () => {
    expect(new InvariantError('a rule')).toMatchObject({
      name: 'InvariantError',
      code: 'OPD_INVARIANT',
    });
  });
});
