import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  epochMs,
  outranks,
  type AllocationEngine,
  type Change,
  type TokenId,
} from '../../src/engine/index.ts';
import { accepted, Clinic, clock, given, NOW, TOMORROW } from '../support/engine/clinic.ts';
import { place } from '../support/engine/places.ts';
import { snapshotOf } from '../support/engine/snapshot.ts';
import { recordsOf, take, takeAll } from '../support/engine/steps.ts';
import { dateOf, histories, opened, perform, type Action } from '../support/model/history.ts';
import { rerun, seed } from '../support/seed.ts';

describe('R22 undo gives the status before the last change', () => {
  it.each<[steps: string, status: string, undone: string]>([
    ['checkIn W1', 'BOOKED', 'checked_in'],
    ['checkIn W1, skip W1, checkIn W1', 'SKIPPED', 'checked_in'],
    ['start W1', 'BOOKED', 'started'],
    ['checkIn W1, callNext', 'CHECKED_IN', 'started'],
    ['checkIn W1, skip W1, start W1', 'SKIPPED', 'started'],
    ['checkIn W1, skip W1', 'CHECKED_IN', 'skipped'],
    ['start W1, skip W1', 'IN_CONSULTATION', 'skipped'],
    ['start W1, complete W1', 'IN_CONSULTATION', 'completed'],
    ['noShow W1', 'BOOKED', 'no_show'],
    ['checkIn W1, noShow W1', 'CHECKED_IN', 'no_show'],
    ['checkIn W1, skip W1, noShow W1', 'SKIPPED', 'no_show'],
    ['start W1, noShow W1', 'IN_CONSULTATION', 'no_show'],
    ['cancel W1', 'BOOKED', 'cancelled'],
    ['checkIn W1, cancel W1', 'CHECKED_IN', 'cancelled'],
  ])('%s: %s again', (steps, status, undone) => {
    const clinic = given(1, 'W1');
    const token = clinic.token('W1');
    takeAll(clinic, steps);
    const outcome = clinic.undo('W1');
    expect(recordsOf(outcome)).toEqual(['undone W1']);
    const value = { token, undone, bumped: null, promoted: null };
    expect(accepted(outcome).value).toEqual(value);
    const hasCheckedIn = status === 'CHECKED_IN' || status === 'IN_CONSULTATION';
    expect(token).toMatchObject({ status, hasCheckedIn, arrival: 1, number: 1 });
  });

  it('the room stays that of the call', () => {
    const clinic = new Clinic({ people: 'W1', doctor: { rooms: 2 } });
    clinic.start('W1', { room: 'A' });
    takeAll(clinic, 'complete W1, undo W1');
    expect(clinic.token('W1')).toMatchObject({ status: 'IN_CONSULTATION', room: 'A' });
  });

  const full = { rooms: 2, people: 'W1:CHECKED_IN W2 W3', others: ['W2'] };
  it.each<[fact: string, setup: typeof full, room: string]>([
    ['the one room is in use', { ...full, rooms: 1 }, 'B'],
    ['its room is in use', full, 'A'],
    ['both rooms are in use', { ...full, others: ['W2', 'W3'] }, 'B'],
  ])(
    'instead of IN_CONSULTATION it is CHECKED_IN when %s',
    (_, { rooms, people, others }, room) => {
      for (const [end, back] of [
        ['complete W1', 'CHECKED_IN'],
        ['skip W1', 'CHECKED_IN'],
        ['noShow W1', 'CHECKED_IN'],
      ] as const) {
        const clinic = new Clinic({ people, doctor: { rooms }, slot: { capacity: 3 } });
        clinic.start('W1', { room: 'A' });
        take(clinic, end);
        for (const [place, name] of others.entries())
          accepted(clinic.start(name, { room: place === 0 ? room : 'C' }));
        expect(accepted(clinic.undo('W1')).value.token.status).toBe(back);
      }
    },
  );
});

describe('R22 the undo of a departure lands by R2-R4, with arrival and number', () => {
  type Row = [fact: string, people: string, steps: string, records: string[], board: string];
  it.each<Row>([
    ['on a free seat', 'W1', 'cancel W1', ['undone W1'], 'W1 |'],
    [
      'on the seat of a lower class that was promoted meanwhile',
      'F1 W2:WAITING',
      'cancel F1',
      ['bumped W2 by F1', 'undone F1'],
      'F1 | W2',
    ],
    [
      'on the seat of a lower class that was booked meanwhile',
      'F1',
      'noShow F1, book W2',
      ['bumped W2 by F1', 'undone F1'],
      'F1 | W2',
    ],
    [
      'before its equals that wait, when an equal was promoted',
      'W1 W2:WAITING W3:WAITING',
      'cancel W1',
      ['undone W1'],
      'W2 | W1 W3',
    ],
    ['on the waitlist when it waited', 'W1 W2:WAITING', 'cancel W2', ['undone W2'], 'W1 | W2'],
    [
      'on a seat that is free now, when it waited',
      'W1 W2:WAITING',
      'cancel W2, cancel W1',
      ['undone W2'],
      'W2 |',
    ],
    [
      'not on the seat of a checked-in patient of a lower class',
      'F1 W2:WAITING:checked-in',
      'cancel F1',
      ['undone F1'],
      'W2 | F1',
    ],
    [
      'an emergency takes that seat too',
      'E1 W2:WAITING:checked-in',
      'cancel E1',
      ['bumped W2 by E1', 'undone E1'],
      'E1 | W2',
    ],
  ])('%s', (_, people, steps, records, board) => {
    const clinic = given(1, people);
    takeAll(clinic, steps);
    const name = /\w\d/.exec(steps)?.[0] ?? '';
    const { arrival, number } = clinic.token(name);
    const outcome = clinic.undo(name);
    expect(recordsOf(outcome)).toEqual(records);
    expect(clinic.board()).toBe(board);
    expect(clinic.token(name)).toMatchObject({ arrival, number });
    const bumped = records.length > 1 ? clinic.token('W2') : null;
    expect(accepted(outcome).value).toMatchObject({ bumped, promoted: null });
  });

  it('a patient who was checked in and waits now is CHECKED_IN with the next seat', () => {
    const clinic = given(1, 'W1:CHECKED_IN W2:WAITING');
    takeAll(clinic, 'noShow W1, undo W1, cancel W2');
    expect(clinic.token('W1').status).toBe('CHECKED_IN');
  });

  it('the waitlist may be full: the patient is no newcomer', () => {
    const clinic = new Clinic({ people: 'W1 W2:WAITING', rules: { waitlistMax: 1 } });
    takeAll(clinic, 'cancel W1, book W3');
    expect(accepted(clinic.undo('W1')).value.token.status).toBe('WAITING');
  });
});

describe('R8 holds after an undo that makes a token easier to bump', () => {
  it.each<[steps: string, people: string, records: string[]]>([
    ['undo of a check-in', 'W1', ['undone W1', 'bumped W1 by F1', 'promoted F1 by W1']],
    ['undo of a start', 'W1', ['undone W1', 'bumped W1 by F1', 'promoted F1 by W1']],
  ])('%s', (what, people, records) => {
    const clinic = given(1, people);
    takeAll(clinic, `${what.endsWith('start') ? 'start' : 'checkIn'} W1, book F1`);
    expect(clinic.board()).toBe('W1 | F1');
    const outcome = clinic.undo('W1');
    expect(recordsOf(outcome)).toEqual(records);
    expect(accepted(outcome).value).toMatchObject({ promoted: { id: 'F1' }, bumped: null });
  });

  it('a completed visit that is CHECKED_IN again gives its seat to a waiting emergency', () => {
    const clinic = given(2, 'W1:CHECKED_IN P1');
    takeAll(clinic, 'callNext, complete W1, start P1, book E1');
    expect(recordsOf(clinic.undo('W1'))).toEqual([
      'undone W1',
      'bumped W1 by E1',
      'promoted E1 by W1',
    ]);
  });
});

describe('R22 an undo is refused, and changes nothing (R9)', () => {
  const refusedWith = (clinic: Clinic, name: string, refusal: object, at = NOW, today?: never) => {
    const before = snapshotOf(clinic.engine);
    expect(clinic.undo(name, at, today)).toEqual({ ok: false, refusal });
    expect(snapshotOf(clinic.engine)).toEqual(before);
  };

  it.each<[lastChange: string, people: string, steps: string]>([
    ['booked', '', 'book W1'],
    ['bumped', '', 'book W1, book F1'],
    ['promoted', 'E1', 'book W1, cancel E1'],
    ['moved_in', 'W1', 'move W1 ten'],
    ['reclassified', 'W1', 'reclassify W1 F'],
    ['undone', 'W1', 'checkIn W1, undo W1'],
    ['promoted', 'E1', 'book W1, checkIn W1, cancel E1'],
  ])('when the last change is %s', (lastChange, people, steps) => {
    const clinic = new Clinic({ people, more: [place('ten')] });
    takeAll(clinic, steps);
    refusedWith(clinic, 'W1', { code: 'nothing_to_undo', lastChange });
  });

  it('when the token has expired', () => {
    const clinic = given(1, 'E1 W1:WAITING');
    clinic.advanceTime(clock(10));
    refusedWith(clinic, 'W1', { code: 'nothing_to_undo', lastChange: 'expired' });
  });

  it('when there is no such token', () => {
    refusedWith(given(1), 'X1', { code: 'token_not_found' });
  });

  it.each(['cancel', 'noShow'])('of a %s when the patient has another token (R15)', (leave) => {
    const clinic = given(2, 'W1');
    takeAll(clinic, `${leave} W1, book W2/W1`);
    clinic.book('W3', { patientId: clinic.token('W1').patientId });
    refusedWith(clinic, 'W1', { code: 'duplicate_booking', tokenId: 'W3' });
  });

  it.each(['cancel W1', 'noShow W1'])(
    'of a departure when the slot has ended, after %s',
    (step) => {
      const clinic = given(1, 'W1');
      take(clinic, step);
      refusedWith(clinic, 'W1', { code: 'slot_ended' }, clock(10));
      expect(clinic.undo('W1', epochMs(clock(10) - 1)).ok).toBe(true);
    },
  );

  it('of a departure when the slot is closed', () => {
    const clinic = given(1, 'W1');
    takeAll(clinic, 'cancel W1, close');
    refusedWith(clinic, 'W1', { code: 'slot_closed' });
    takeAll(clinic, 'reopen nine');
    expect(clinic.undo('W1').ok).toBe(true);
  });

  it.each(['checkIn W1', 'start W1', 'start W1, complete W1', 'start W1, skip W1'])(
    'of %s when the day of the slot is over',
    (steps) => {
      const clinic = given(1, 'W1');
      takeAll(clinic, steps);
      const before = snapshotOf(clinic.engine);
      const over = { ok: false, refusal: { code: 'slot_ended' } };
      expect(clinic.undo('W1', clock(24), TOMORROW)).toEqual(over);
      expect(snapshotOf(clinic.engine)).toEqual(before);
      expect(clinic.undo('W1', clock(23)).ok).toBe(true);
    },
  );
});

/** Every token as a board shows it: without its last change, and with a room only in consultation. */
const shownTokens = (engine: AllocationEngine): Map<string, string> =>
  new Map(
    snapshotOf(engine)
      .flatMap(({ slots }) => slots.flatMap(({ tokens }) => tokens))
      .map(({ last: _, room, ...token }) => {
        const shownRoom = token.status === 'IN_CONSULTATION' ? room : null;
        return [token.tokenId, JSON.stringify({ ...token, shownRoom })] as const;
      }),
  );

const tokensOf = (changes: readonly Change[], kind: 'bumped' | 'promoted'): TokenId[] =>
  changes.flatMap((change) => (change.kind === kind ? [change.tokenId] : []));

describe('R22 an undo right after a command', () => {
  const UNDONE = ['checkIn', 'start', 'skip', 'complete', 'noShow', 'cancel'];
  const REFUSALS = ['nothing_to_undo', 'slot_ended', 'slot_closed'];

  /** Performs a command and, as a dry run, its undo. Returns whether the undo was accepted. */
  function isRestored(engine: AllocationEngine, action: Action): boolean {
    const before = shownTokens(engine);
    const outcome = perform(engine, action);
    if (!outcome.ok || !UNDONE.includes(action.kind)) return false;
    return engine.dryRun(() => isUndone(engine, action, before, outcome.changes));
  }

  /** Undoes the command that gave these changes. Returns whether the undo was accepted. */
  function isUndone(
    engine: AllocationEngine,
    { at, token: tokenId }: Action,
    before: ReadonlyMap<string, string>,
    changes: readonly Change[],
  ): boolean {
    const undo = engine.undo({ tokenId, today: dateOf(at), at });
    // A skipped token may have lost its seat since, and the slot that a token left may have ended or be closed.
    if (!undo.ok) expect(REFUSALS).toContain(undo.refusal.code);
    if (!undo.ok) return false;
    const handed = tokensOf(changes, 'promoted');
    const lost = tokensOf(undo.changes, 'bumped');
    const mayDiffer = handed.length === 0 ? [] : [...handed, ...lost, tokenId];
    const differing = [...shownTokens(engine)].filter(([id, token]) => before.get(id) !== token);
    expect(mayDiffer).toEqual(expect.arrayContaining(differing.map(([id]) => id)));
    // R3 spares who got the seat if that one is checked in or outranks another token, which makes room then.
    for (const each of lost.filter((id) => !handed.includes(id)).map((id) => engine.token(id))) {
      const isSpared = handed
        .map((id) => engine.token(id))
        .every(
          (token) => token?.status === 'CHECKED_IN' || (token && each && outranks(token, each)),
        );
      expect(isSpared).toBe(true);
    }
    return true;
  }

  it(`restores every token, but where a seat was handed on the token and who got the seat ${rerun}`, () => {
    let restored = 0;
    const property = fc.property(histories, (history) => {
      const { engine } = opened();
      for (const action of history) if (isRestored(engine, action)) restored += 1;
    });
    fc.assert(property, { seed, numRuns: 200 });
    expect(restored).toBeGreaterThan(200);
  });
});
