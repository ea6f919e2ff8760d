import { describe, expect, it } from 'vitest';
import type { Status } from '../../src/engine/index.ts';
import { openApp, type Answer, type TestApp } from '../support/app/app.ts';
import {
  historyOf,
  patientsIn,
  postOk,
  stateOf,
  withoutInstance,
} from '../support/app/front-desk.ts';

// The status table of the rules, over HTTP: every command on a token of every status.

const NINE = 'doc1_slot1@2026-11-23';
const NAMES = ['W1', 'W2', 'W3', 'W4', 'W5'];

/** The commands that give `W1` the status while the slot is in progress. `W4` is waiting. */
const COMMANDS_TO: Readonly<Record<Exclude<Status, 'WAITING' | 'EXPIRED'>, readonly string[]>> = {
  BOOKED: [],
  CHECKED_IN: ['/check-in'],
  SKIPPED: ['/start', '/skip'],
  IN_CONSULTATION: ['/start'],
  COMPLETED: ['/start', '/complete'],
  CANCELLED: ['/cancel'],
  NO_SHOW: ['/no-show'],
};

/** The statuses to which a command leads from each status. */
const ALLOWED: Readonly<Record<Status, readonly Status[]>> = {
  BOOKED: ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  CHECKED_IN: ['IN_CONSULTATION', 'SKIPPED', 'CANCELLED', 'NO_SHOW'],
  SKIPPED: ['CHECKED_IN', 'IN_CONSULTATION', 'CANCELLED', 'NO_SHOW'],
  IN_CONSULTATION: ['COMPLETED', 'SKIPPED', 'NO_SHOW'],
  COMPLETED: [],
  WAITING: ['CANCELLED'],
  CANCELLED: [],
  NO_SHOW: [],
  EXPIRED: [],
};
const STATUSES = Object.keys(ALLOWED) as Status[];

/** Each command: its further fields, the new status, and the kind of the recorded change. */
const STEPS = [
  ['/check-in', {}, 'CHECKED_IN', 'checked_in'],
  ['/start', {}, 'IN_CONSULTATION', 'started'],
  ['/skip', {}, 'SKIPPED', 'skipped'],
  ['/complete', {}, 'COMPLETED', 'completed'],
  ['/no-show', {}, 'NO_SHOW', 'no_show'],
  ['/cancel', {}, 'CANCELLED', 'cancelled'],
] as const;

/** Opens an app with a token of this status. Returns the token's id, and the ids of all tokens. */
async function openWith(status: Status): Promise<{ opd: TestApp; id: string; ids: string[] }> {
  const opd = await openApp();
  const ids: string[] = [];
  for (const name of NAMES) ids.push((await opd.book(name)).id);
  await opd.advanceTo('2026-11-23T09:30:00Z');
  if (status === 'EXPIRED') await opd.advanceTo('2026-11-23T10:30:00Z');
  const isWaiter = status === 'WAITING' || status === 'EXPIRED';
  const id = ids[isWaiter ? 3 : 0] ?? '';
  if (!isWaiter) for (const url of COMMANDS_TO[status]) await postOk(opd, url, { token_id: id });
  expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { status } });
  return { opd, id, ids };
}

const KEY = { 'idempotency-key': 'k' };

/** Expects a refusal with these facts that changes nothing and is replayed to a repeat. */
async function expectRefusal(
  { opd, ids }: { opd: TestApp; ids: string[] },
  request: readonly [url: string, body: object],
  facts: object,
): Promise<void> {
  const before = await stateOf(opd, ids);
  const refused: Answer = await opd.post(...request, KEY);
  expect(refused).toMatchObject(facts);
  expect(await stateOf(opd, ids)).toEqual(before);
  const again = await opd.post(...request, KEY);
  expect(again.headers).toMatchObject({ 'idempotency-replayed': 'true' });
  expect(withoutInstance(again)).toBe(withoutInstance(refused));
}

const refusalOf = (from: Status): object =>
  from === 'CANCELLED'
    ? { status: 404, body: { code: 'token_already_cancelled' } }
    : { status: 409, body: { code: 'invalid_transition', from, allowed: ALLOWED[from] } };

describe.each(STATUSES)('a command on a token that is %s', (from) => {
  it.each(STEPS)('%s %j makes the token %s, or is refused', async (url, more, to, kind) => {
    const opened = await openWith(from);
    const { opd, id } = opened;
    const request = [url, { token_id: id, ...more }] as const;
    if (!ALLOWED[from].includes(to)) return expectRefusal(opened, request, refusalOf(from));
    expect(await opd.post(...request)).toMatchObject({ status: 200, body: { id, status: to } });
    expect(await opd.get(`/tokens/${id}`)).toMatchObject({ body: { status: to } });
    const change = { kind, from, to, cause: null, actor: 'anonymous' };
    expect((await historyOf(opd, id)).at(-1)).toMatchObject(change);
  });

  it.each([
    ['/move', { slot_id: 'doc1_slot2' }, 'moved_in'],
    ['/reclassify', { patient_type: 'FOLLOW_UP', reason: 'triage' }, 'reclassified'],
  ])(
    '%s %j works on a token that has not been seen, and is refused otherwise',
    async (url, more, kind) => {
      const opened = await openWith(from);
      const { opd, id } = opened;
      const request = [url, { token_id: id, ...more }] as const;
      const isBeforeVisit = ['BOOKED', 'CHECKED_IN', 'SKIPPED', 'WAITING'].includes(from);
      if (!isBeforeVisit) return expectRefusal(opened, request, refusalOf(from));
      expect(await opd.post(...request)).toMatchObject({ status: 200, body: { id } });
      expect((await historyOf(opd, id)).map((change) => change.kind)).toContain(kind);
    },
  );
});

it.each(['/check-in', '/start', '/skip', '/complete', '/no-show', '/cancel'])(
  '%s of an unknown token is refused',
  async (url) => {
    const opened = await openWith('BOOKED');
    const facts = { status: 404, body: { code: 'token_not_found' } };
    await expectRefusal(opened, [url, { token_id: 'x' }], facts);
  },
);

it('a doctor in a consultation cannot start another, but another doctor can', async () => {
  const opened = await openWith('IN_CONSULTATION');
  const { opd, id, ids } = opened;
  const facts = { status: 409, body: { code: 'consultation_in_progress', token_id: id } };
  await expectRefusal(opened, ['/start', { token_id: ids[1] }], facts);
  const ofOtherDoctor = await opd.book('W6', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
  expect(await postOk(opd, '/start', { token_id: ofOtherDoctor.id })).toMatchObject({
    id: ofOtherDoctor.id,
  });
  await postOk(opd, '/complete', { token_id: id });
  expect(await postOk(opd, '/start', { token_id: ids[1] })).toMatchObject({ id: ids[1] });
});

describe('a no-show', () => {
  it.each([
    ['before the slot starts', 0, '08:59:59.999', '09:00:00.000'],
    ['while the doctor is late', 20, '09:19:59.999', '09:20:00.000'],
  ])('is refused %s', async (_when, minutes, early, from) => {
    const opd = await openApp();
    const ids: string[] = [];
    for (const name of NAMES) ids.push((await opd.book(name)).id);
    await postOk(opd, '/doctors/doc1/delay', { date: '2026-11-23', minutes });
    opd.now = `2026-11-23T${early}Z`;
    const request = ['/no-show', { token_id: ids[0] }] as const;
    const facts = { code: 'too_early', allowed_from: `2026-11-23T${from}Z` };
    await expectRefusal({ opd, ids }, request, { status: 409, body: facts });
    opd.now = `2026-11-23T${from}Z`;
    const promoted = { id: ids[3], status: 'BOOKED' };
    expect(await postOk(opd, ...request)).toMatchObject({ status: 'NO_SHOW', promoted });
    expect(await patientsIn(opd, NINE)).toBe('W2 W3 W4 | W5');
  });

  it.each([
    [true, 200],
    [false, 409],
  ])('before the start and with force %j is answered with %i', async (force, status) => {
    const opd = await openApp();
    const { id } = await opd.book('W1');
    expect(await opd.post('/no-show', { token_id: id, force })).toMatchObject({ status });
  });

  it('promotes no token when the slot has ended', async () => {
    const { opd, id } = await openWith('BOOKED');
    await opd.advanceTo('2026-11-23T10:30:00Z');
    expect(await postOk(opd, '/no-show', { token_id: id })).toMatchObject({ promoted: null });
  });
});

it('an emergency bumps a checked-in token, which is CHECKED_IN again after its promotion', async () => {
  const { opd, ids } = await openWith('BOOKED');
  for (const id of ids.slice(0, 3)) await postOk(opd, '/check-in', { token_id: id });
  expect(await opd.book('P6', { slot_id: NINE })).toMatchObject({ status: 'WAITING' });
  const emergency = await opd.book('E7', { slot_id: NINE });
  expect(emergency).toMatchObject({ status: 'BOOKED', bumped: { id: ids[2] } });
  expect(await patientsIn(opd, NINE)).toBe('E7 W1:CHECKED_IN W2:CHECKED_IN | P6 W3 W4 W5');
  await postOk(opd, '/cancel', { token_id: emergency.id });
  expect(await patientsIn(opd, NINE)).toBe('P6 W1:CHECKED_IN W2:CHECKED_IN | W3 W4 W5');
  expect(await postOk(opd, '/no-show', { token_id: ids[0] })).toMatchObject({
    promoted: { id: ids[2], status: 'CHECKED_IN' },
  });
});

it('a token without a check-in is bumped first in its class, and a token with a started visit is never bumped', async () => {
  const { opd, ids } = await openWith('COMPLETED');
  await postOk(opd, '/start', { token_id: ids[1] });
  expect(await opd.book('E6', { slot_id: NINE })).toMatchObject({ bumped: { id: ids[2] } });
  expect(await opd.book('E7', { slot_id: NINE })).toMatchObject({ status: 'WAITING' });
  expect(await patientsIn(opd, NINE)).toBe('E6 W1:COMPLETED W2:IN_CONSULTATION | E7 W3 W4 W5');

  const other = await openApp();
  const [first, ...rest] = [await other.book('W1'), await other.book('W2'), await other.book('W3')];
  for (const { id } of rest) await postOk(other, '/check-in', { token_id: id });
  expect(await other.book('F4')).toMatchObject({ bumped: { id: first.id } });
});
