import { describe, expect, inject, it } from 'vitest';
import { tokenId } from '../../src/engine/index.ts';
import type { HistoryView, TokenView } from '../../src/http/resources/index.ts';
import { openApp, type TestApp } from '../support/app/app.ts';

/** Patients of a full slot: three seated, two waiting. */
const PATIENTS = ['P1', 'O2', 'W3', 'W4', 'W5'];

const bookAll = async (opd: TestApp): Promise<Record<string, string>> => {
  const ids: Record<string, string> = {};
  for (const name of PATIENTS) ids[name] = (await opd.book(name)).id;
  return ids;
};

const read = async (opd: TestApp, id: string | undefined): Promise<TokenView> => {
  const answer = await opd.get<TokenView>(`/tokens/${id ?? ''}`);
  expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  return answer.body;
};

/** The same slot before its start, while it runs, when it is over but in memory, and when it is evicted. */
const AGES = [
  ['before its start', '2026-11-23T08:00:00Z'],
  ['in progress', '2026-11-23T09:30:00Z'],
  ['over by a minute', '2026-11-23T10:31:00Z'],
  ['over by months', '2027-05-01T00:00:00Z'],
] as const;

describe.each(AGES)('with the slot %s', (age, now) => {
  const isOver = age.startsWith('over');

  it.each<[string, string, number | null]>([
    ['P1', 'BOOKED', null],
    ['W3', 'BOOKED', null],
    ['W4', 'WAITING', 1],
    ['W5', 'WAITING', 2],
  ])(
    'GET answers token %s, which is %s until the slot ends',
    async (name, before, waitlistPosition) => {
      const opd = await openApp();
      const ids = await bookAll(opd);
      await opd.advanceTo(now);
      const token = await read(opd, ids[name]);
      // R11: when the slot ends, its waiting tokens expire.
      const isExpired = isOver && before === 'WAITING';
      const [status, position] = isExpired ? ['EXPIRED', null] : [before, waitlistPosition];
      expect(token).toMatchObject({
        id: ids[name],
        number: PATIENTS.indexOf(name) + 1,
        patient_name: name,
        timestamp: '2026-11-23T08:00:00.000Z',
        slot_id: 'doc1_slot1@2026-11-23',
        start_time: '2026-11-23T09:00:00.000Z',
        status,
        waitlist_position: position,
      });
      // A token of a slot of an earlier day has no estimated time.
      const isExpected = status === 'BOOKED' && age !== 'over by months';
      expect(typeof token.estimated_time).toBe(isExpected ? 'string' : 'object');
    },
  );

  it.each([
    ['/cancel', {}, 'CANCELLED'],
    ['/no-show', { force: true }, 'NO_SHOW'],
  ])(
    '%s %j makes a seated token %s, without a waitlist position or an estimated time',
    async (url, more, status) => {
      const opd = await openApp();
      const ids = await bookAll(opd);
      await opd.advanceTo(now);
      const body = { token_id: ids['P1'], ...more };
      const answer = await opd.post<{ promoted: TokenView | null }>(url, body);
      expect(answer.status).toBe(200);
      // R11: no token is promoted in an ended slot.
      expect(answer.body.promoted?.id).toBe(isOver ? undefined : ids['W4']);
      expect(await read(opd, ids['P1'])).toMatchObject({
        status,
        waitlist_position: null,
        estimated_time: null,
      });
      expect(await read(opd, ids['W5'])).toMatchObject({ waitlist_position: isOver ? null : 1 });
      await opd.advanceTo('2027-06-01T00:00:00Z');
      expect(await read(opd, ids['P1'])).toMatchObject({ status });
    },
  );
});

it.each(['2026-11-23T08:00:00Z', '2026-11-23T09:30:00Z'])(
  'at %s a waiting token can be cancelled, but only once',
  async (now) => {
    const opd = await openApp();
    const ids = await bookAll(opd);
    await opd.advanceTo(now);
    const cancel = () => opd.post('/cancel', { token_id: ids['W4'] });
    expect(await cancel()).toMatchObject({ body: { status: 'CANCELLED', promoted: null } });
    expect(await cancel()).toMatchObject({ body: { code: 'token_already_cancelled' } });
    const refused = await opd.post('/no-show', { token_id: ids['W4'] });
    expect(refused).toMatchObject({ body: { code: 'token_already_cancelled' } });
    const history = await opd.get<HistoryView>(`/tokens/${ids['W4'] ?? ''}/history`);
    expect(history.body.changes.map(({ kind }) => kind)).toEqual(['booked', 'cancelled']);
  },
);

it.each(['2026-11-23T10:31:00Z', '2027-05-01T00:00:00Z'])(
  'at %s every command on an expired token is refused (R11)',
  async (now) => {
    const opd = await openApp();
    const ids = await bookAll(opd);
    await opd.advanceTo(now);
    for (const url of ['/cancel', '/no-show', '/check-in', '/start', '/complete'])
      expect(await opd.post(url, { token_id: ids['W4'] })).toMatchObject({
        status: 409,
        body: { code: 'invalid_transition', from: 'EXPIRED', allowed: [] },
      });
    const history = await opd.get<HistoryView>(`/tokens/${ids['W4'] ?? ''}/history`);
    expect(history.body.changes).toMatchObject([
      { kind: 'booked', actor: 'anonymous' },
      { kind: 'expired', actor: 'system', from: 'WAITING', cause: null, reason: null },
    ]);
  },
);

it.each<
  [what: string, urls: readonly string[], inOrder: number[], swapped: number[], last: string]
>([
  ['two cancels', ['/cancel', '/cancel'], [200, 404], [404, 200], 'cancelled'],
  ['a move and a cancel', ['/move', '/cancel'], [200, 200], [404, 200], 'cancelled'],
  ['a cancel and a move', ['/cancel', '/move'], [200, 404], [200, 200], 'cancelled'],
  ['two moves', ['/move', '/move'], [200, 409], [409, 200], 'moved_in'],
])('%s at the same time work on a token that is not in memory', async (_what, urls, ...outcome) => {
  const [inOrder, swapped, last] = outcome;
  const opd = await openApp();
  const { id: token_id } = await opd.book('W1');
  await opd.advanceTo('2026-11-25T08:00:00Z');
  expect(opd.engine.token(tokenId(token_id))).toBeUndefined();
  const more: Readonly<Record<string, object>> = { '/move': { slot_id: 'doc2_slot1' } };
  const answers = await Promise.all(urls.map((url) => opd.post(url, { token_id, ...more[url] })));
  // On PostgreSQL, each command looks up the token on its own connection, so the second command may run first.
  const allowed = inject('isPostgres') ? [inOrder, swapped] : [inOrder];
  expect(allowed).toContainEqual(answers.map(({ status }) => status));
  const { body } = await opd.get<HistoryView>(`/tokens/${token_id}/history`);
  expect(body.changes.at(-1)).toMatchObject({ kind: last });
});

it('the history of a token has the causes, oldest change first', async () => {
  const opd = await openApp();
  const ids = await bookAll(opd);
  opd.now = '2026-11-23T08:10:00Z';
  const { id: emergency } = await opd.book('E6');
  opd.now = '2026-11-23T08:20:00Z';
  await opd.post('/cancel', { token_id: emergency, reason: 'taken to the ward' });
  const { status, body } = await opd.get<HistoryView>(`/tokens/${ids['W3'] ?? ''}/history`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    token_id: ids['W3'],
    changes: [
      { kind: 'booked', from: null, to: 'BOOKED', cause: null, at: '2026-11-23T08:00:00.000Z' },
      { kind: 'bumped', from: 'BOOKED', to: 'WAITING', cause: emergency },
      { kind: 'promoted', from: 'WAITING', to: 'BOOKED', cause: emergency },
    ],
  });
  expect(body.changes.map(({ at }) => at.slice(11, 16))).toEqual(['08:00', '08:10', '08:20']);
  expect(new Set(body.changes.map(({ id }) => id)).size).toBe(3);
  expect(body.changes).toMatchObject(
    Array(3).fill({ actor: 'anonymous', slot_id: 'doc1_slot1@2026-11-23' }),
  );
});

it('the reason is recorded for the cancelled token, not for the promoted one', async () => {
  const opd = await openApp();
  const ids = await bookAll(opd);
  await opd.post('/cancel', { token_id: ids['P1'], reason: 'a cold' });
  const changes = async (name: string) => {
    const { body } = await opd.get<HistoryView>(`/tokens/${ids[name] ?? ''}/history`);
    return body.changes.at(-1);
  };
  expect(await changes('P1')).toMatchObject({ kind: 'cancelled', reason: 'a cold', cause: null });
  expect(await changes('W4')).toMatchObject({ kind: 'promoted', reason: null, cause: ids['P1'] });
});

it('a patient cannot have a second live token in a slot', async () => {
  const opd = await openApp();
  const patient = { patient_id: 'p-1' };
  const first = await opd.book('W1', patient);
  expect(first).toMatchObject({ patient_id: 'p-1' });
  const body = { ...patient, doctor_id: 'doc1', slot_id: 'doc1_slot1' };
  const again = { ...body, patient_name: 'other', patient_type: 'EMERGENCY' };
  expect(await opd.post('/book', again)).toMatchObject({ body: { token_id: first.id } });
  await opd.book('W1', { ...patient, slot_id: 'doc1_slot2' });
  await opd.book('W1', { ...patient, doctor_id: 'doc2', slot_id: 'doc2_slot1' });
  await opd.post('/cancel', { token_id: first.id });
  expect(await opd.book('W1', patient)).toMatchObject({ number: 3 });
});

it('two patients may have the same name', async () => {
  const opd = await openApp();
  expect((await opd.book('W1')).id).not.toBe((await opd.book('W1')).id);
});

it('a token with an unknown id is not found', async () => {
  const opd = await openApp();
  for (const url of ['/tokens/x', '/tokens/x/history', '/tokens/constructor'])
    expect(await opd.get(url)).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
  for (const url of ['/cancel', '/no-show', '/check-in', '/start', '/complete'])
    expect(await opd.post(url, { token_id: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
});
