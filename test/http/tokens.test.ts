import { describe, expect, it } from 'vitest';
import type { HistoryView, TokenView } from '../../src/service/index.ts';
import { openApp, type TestApp } from '../support/app.ts';

/** Names of a full slot: three on a seat, two waiting. */
const PEOPLE = ['P1', 'O2', 'W3', 'W4', 'W5'];

const fill = async (opd: TestApp): Promise<Record<string, string>> => {
  const ids: Record<string, string> = {};
  for (const name of PEOPLE) ids[name] = (await opd.book(name)).id;
  return ids;
};

const read = async (opd: TestApp, id: string | undefined): Promise<TokenView> => {
  const answer = await opd.get<TokenView>(`/tokens/${id ?? ''}`);
  expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  return answer.body;
};

/** The same slot while it is ahead, in memory though over, gone from memory, and months later. */
const AGES = [
  ['ahead', '2026-11-23T08:00:00Z'],
  ['under way', '2026-11-23T09:30:00Z'],
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
  ])('reads %s, %s', async (name, status, position) => {
    const opd = await openApp();
    const ids = await fill(opd);
    await opd.goTo(now);
    const token = await read(opd, ids[name]);
    expect(token).toMatchObject({
      id: ids[name],
      number: PEOPLE.indexOf(name) + 1,
      patient_name: name,
      timestamp: '2026-11-23T08:00:00.000Z',
      slot_id: 'doc1_slot1@2026-11-23',
      start_time: '2026-11-23T09:00:00.000Z',
      status,
      waitlist_position: position,
    });
    expect(typeof token.estimated_time).toBe(status === 'WAITING' ? 'object' : 'string');
  });

  it.each([
    ['/cancel', 'CANCELLED'],
    ['/no-show', 'NO_SHOW'],
  ])('takes %s, after which it is %s with neither place nor time', async (url, status) => {
    const opd = await openApp();
    const ids = await fill(opd);
    await opd.goTo(now);
    const answer = await opd.post<{ promoted: TokenView | null }>(url, { token_id: ids['P1'] });
    expect(answer.status).toBe(200);
    // R11: once it is over, nobody is promoted.
    expect(answer.body.promoted?.id).toBe(isOver ? undefined : ids['W4']);
    expect(await read(opd, ids['P1'])).toMatchObject({
      status,
      waitlist_position: null,
      estimated_time: null,
    });
    expect(await read(opd, ids['W5'])).toMatchObject({ waitlist_position: isOver ? 2 : 1 });
    await opd.goTo('2027-06-01T00:00:00Z');
    expect(await read(opd, ids['P1'])).toMatchObject({ status });
  });

  it('lets a waiter go, and then refuses to do it twice', async () => {
    const opd = await openApp();
    const ids = await fill(opd);
    await opd.goTo(now);
    const cancel = () => opd.post('/cancel', { token_id: ids['W4'] });
    expect(await cancel()).toMatchObject({ body: { status: 'CANCELLED', promoted: null } });
    expect(await cancel()).toMatchObject({ body: { code: 'token_already_cancelled' } });
    const refused = await opd.post('/no-show', { token_id: ids['W4'] });
    expect(refused).toMatchObject({ body: { code: 'token_already_cancelled' } });
    const history = await opd.get<HistoryView>(`/tokens/${ids['W4'] ?? ''}/history`);
    expect(history.body.changes.map(({ kind }) => kind)).toEqual(['booked', 'cancelled']);
  });
});

it('tells the history of a token with causes, oldest first', async () => {
  const opd = await openApp();
  const ids = await fill(opd);
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

it('keeps the reason with the token that gave it, not with the one promoted', async () => {
  const opd = await openApp();
  const ids = await fill(opd);
  await opd.post('/cancel', { token_id: ids['P1'], reason: 'a cold' });
  const changes = async (name: string) => {
    const { body } = await opd.get<HistoryView>(`/tokens/${ids[name] ?? ''}/history`);
    return body.changes.at(-1);
  };
  expect(await changes('P1')).toMatchObject({ kind: 'cancelled', reason: 'a cold', cause: null });
  expect(await changes('W4')).toMatchObject({ kind: 'promoted', reason: null, cause: ids['P1'] });
});

it('refuses a second token of one patient in a slot, until the first is over', async () => {
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

it('books two patients of one name', async () => {
  const opd = await openApp();
  expect((await opd.book('W1')).id).not.toBe((await opd.book('W1')).id);
});

it('knows neither token nor history of an id that was never given', async () => {
  const opd = await openApp();
  for (const url of ['/tokens/x', '/tokens/x/history', '/tokens/constructor'])
    expect(await opd.get(url)).toMatchObject({ status: 404, body: { code: 'token_not_found' } });
  for (const url of ['/cancel', '/no-show'])
    expect(await opd.post(url, { token_id: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'token_not_found' },
    });
});
