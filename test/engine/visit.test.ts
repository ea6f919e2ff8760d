import { describe, expect, it } from 'vitest';
import { nextStatuses, type LiveStatus, type Status } from '../../src/engine/index.ts';
import { accepted, Clinic, clock, given, NOW } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf, take, takeAll } from '../support/engine/steps.ts';

const LIVE: readonly LiveStatus[] = [
  'BOOKED',
  'CHECKED_IN',
  'SKIPPED',
  'IN_CONSULTATION',
  'COMPLETED',
  'WAITING',
];

/** Every command on one token: the statuses that accept it, and the status after it. */
const COMMANDS: readonly [command: string, from: readonly LiveStatus[], to: Status | null][] = [
  ['checkIn W1', ['BOOKED', 'SKIPPED'], 'CHECKED_IN'],
  ['start W1', ['BOOKED', 'CHECKED_IN', 'SKIPPED'], 'IN_CONSULTATION'],
  ['skip W1', ['CHECKED_IN', 'IN_CONSULTATION'], 'SKIPPED'],
  ['complete W1', ['IN_CONSULTATION'], 'COMPLETED'],
  ['cancel W1', ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'], 'CANCELLED'],
  ['noShow W1', ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'IN_CONSULTATION'], 'NO_SHOW'],
  ['move W1 ten', ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'], null],
  ['reclassify W1 F', ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'], null],
];

describe('every command from every status', () => {
  const cases = COMMANDS.flatMap(([command, from, to]) =>
    LIVE.map((status) => ({ command, status, to, isAllowed: from.includes(status) })),
  );
  const withToken = (status: Status): Clinic => {
    const people = status === 'WAITING' ? 'E1 W1:WAITING' : `W1:${status}`;
    return new Clinic({ people, more: [place('ten')] });
  };

  it.each(cases.filter(({ isAllowed }) => isAllowed))(
    '$command of a $status token is accepted',
    ({ command, status, to }) => {
      const clinic = withToken(status);
      const token = clinic.token('W1');
      const { changes } = accepted(take(clinic, command));
      expect(changes[0]).toMatchObject({ tokenId: 'W1', from: status, version: 2, at: NOW });
      if (to === null) return;
      expect(changes).toMatchObject([{ to, cause: null }]);
      expect(token.status).toBe(to);
    },
  );

  it.each(cases.filter(({ isAllowed }) => !isAllowed))(
    '$command of a $status token is refused, names the allowed statuses and changes nothing (R9)',
    ({ command, status }) => {
      const clinic = withToken(status);
      const before = snapshotOf(clinic.engine);
      expect(take(clinic, command)).toEqual({
        ok: false,
        refusal: { code: 'invalid_transition', from: status, allowed: nextStatuses(status) },
      });
      expect(snapshotOf(clinic.engine)).toEqual(before);
    },
  );

  const over = (['cancel', 'noShow'] as const).flatMap((end) =>
    COMMANDS.map(([command]) => [end, command] as const),
  );
  it.each(over)('after a %s a token is not found by %s', (end, command) => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', more: [place('ten')] });
    take(clinic, `${end} W1`);
    const before = snapshotOf(clinic.engine);
    const refusal = { code: 'token_not_found' };
    expect(take(clinic, command)).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  });

  it('a start from BOOKED counts as a check-in', () => {
    const clinic = given(1, 'W1');
    expect(accepted(clinic.start('W1')).value).toMatchObject({ hasCheckedIn: true });
  });

  it('a completed visit keeps its seat: no token is promoted (R1)', () => {
    const clinic = given(1, 'W1:IN_CONSULTATION W2:WAITING');
    expect(recordsOf(clinic.complete('W1'))).toEqual(['completed W1']);
    expect(clinic.board()).toBe('W1 | W2');
  });
});

describe('a no-show before the delayed start', () => {
  it.each([
    [0, clock(9)],
    [20, clock(9, 20)],
  ])('is too early, with a delay of %i minutes', (delayMinutes, allowedFrom) => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', slot: { delayMinutes } });
    const justBefore = (allowedFrom - 1) as typeof NOW;
    const before = snapshotOf(clinic.engine);
    expect(clinic.noShow('W1', justBefore, false)).toEqual({
      ok: false,
      refusal: { code: 'too_early', allowedFrom },
    });
    expect(snapshotOf(clinic.engine)).toEqual(before);
    expect(clinic.noShow('W1', allowedFrom, false).ok).toBe(true);
  });

  it('is accepted when it is forced, and promotes a waiting token (R5)', () => {
    const clinic = given(1, 'W1 W2:WAITING');
    expect(recordsOf(clinic.noShow('W1', NOW, true))).toEqual(['no_show W1', 'promoted W2 by W1']);
  });

  it('of a waiting token is refused because of the status, at any time', () => {
    const outcome = given(1, 'W1 W2:WAITING').noShow('W2', NOW, false);
    expect(outcome).toMatchObject({ refusal: { code: 'invalid_transition' } });
  });
});

describe('R3, R5 bumping and check-in', () => {
  it.each<[fact: string, people: string, steps: string, status: string]>([
    ['checked in, bumped and promoted', 'W1', 'checkIn W1, book E1, cancel E1', 'CHECKED_IN'],
    ['not checked in, bumped and promoted', 'W1', 'book E1, cancel E1', 'BOOKED'],
    ['checked in, when a paid patient books', 'W1', 'checkIn W1, book P1', 'CHECKED_IN'],
    ['checked in, when an emergency books', 'W1', 'checkIn W1, book E1', 'WAITING'],
    ['in consultation, when an emergency books', 'W1', 'start W1, book E1', 'IN_CONSULTATION'],
    ['completed, when an emergency books', 'W1', 'start W1, complete W1, book E1', 'COMPLETED'],
    [
      'checked in, when seats are removed and added (R12)',
      'W1 E1',
      'checkIn W1, capacity 1, capacity 2',
      'CHECKED_IN',
    ],
  ])('a patient %s', (_, people, steps, status) => {
    const clinic = given(people.split(' ').length, people);
    takeAll(clinic, steps);
    expect(clinic.token('W1').status).toBe(status);
  });
});
