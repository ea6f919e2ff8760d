import { describe, expect, it } from 'vitest';
import { booking, openApp, type TestApp } from '../support/app/app.ts';

interface Audit {
  readonly entries: readonly Readonly<Record<string, string | null>>[];
  readonly next_cursor: string | null;
}

/** A day with a desk of two persons, an administrator and two doctors. */
async function openDay(): Promise<{ opd: TestApp; id: string }> {
  const opd = await openApp();
  const desk = await opd.key({ role: 'desk' });
  const boss = opd.as(await opd.key({ role: 'admin' }), { 'opd-actor': 'ravi' });
  const { id } = await opd.as(desk, { 'opd-actor': 'asha' }).book('W1');
  await opd
    .as(desk, { 'opd-actor': 'ben' })
    .book('W2', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
  opd.now = '2026-11-23T08:30:00Z';
  await opd.as(desk).post('/cancel', { token_id: id, reason: 'called' });
  await boss.put('/holidays', [{ date: '2026-12-25', name: 'Christmas' }]);
  return { opd: boss, id };
}

describe('GET /audit', () => {
  it('tells who did what and why, the latest first', async () => {
    const { opd, id } = await openDay();
    const { body, text } = await opd.get<Audit>('/audit?limit=4');
    const of = { doctor_id: 'doc1', token_id: id, slot_id: 'doc1_slot1@2026-11-23' };
    expect(body.entries).toMatchObject([
      { kind: 'doctor_set', actor: 'admin/ravi', doctor_id: null, token_id: null },
      { kind: 'cancelled', actor: 'desk', ...of, from: 'BOOKED', reason: 'called' },
      { kind: 'booked', actor: 'desk/ben', doctor_id: 'doc2', to: 'BOOKED', reason: null },
      { kind: 'booked', actor: 'desk/asha', ...of, from: null, to: 'BOOKED', cause: null },
    ]);
    expect(text).not.toMatch(/W1|W2/);
  });

  it.each<[string, (id: string) => string, string[]]>([
    ['a key and its persons', () => 'actor=desk', ['desk', 'desk/ben', 'desk/asha']],
    ['one person', () => 'actor=desk/asha', ['desk/asha']],
    ['a part of a name', () => 'actor=des', []],
    ['a doctor', () => 'doctor_id=doc2&kind=booked', ['desk/ben']],
    ['a token', (id) => `token_id=${id}`, ['desk', 'desk/asha']],
    ['a kind', () => 'kind=cancelled', ['desk']],
    ['the time', () => 'from=2026-11-23T08:30:00Z', ['admin/ravi', 'desk']],
    ['another time', () => 'to=2026-11-23T08:29:59.999Z&actor=desk', ['desk/ben', 'desk/asha']],
    ['all together', (id) => `token_id=${id}&actor=desk&kind=booked`, ['desk/asha']],
  ])('finds the changes of %s', async (_, queryOf, actors) => {
    const { opd, id } = await openDay();
    const { body } = await opd.get<Audit>(`/audit?${queryOf(id)}`);
    expect(body).toMatchObject({ entries: actors.map((actor) => ({ actor })), next_cursor: null });
  });

  it('gives each change once, page by page', async () => {
    const { opd } = await openDay();
    const all = (await opd.get<Audit>('/audit?limit=500')).body.entries;
    const paged: unknown[] = [];
    let query = 'limit=7';
    for (let cursor: string | null = ''; cursor !== null; query = `limit=7&cursor=${cursor}`) {
      const { body } = await opd.get<Audit>(`/audit?${query}`);
      paged.push(...body.entries);
      cursor = body.next_cursor;
    }
    expect(all.length).toBeGreaterThan(14);
    expect(paged).toEqual(all);
  });

  it('tells who did what to which access key, between the other changes, and never a secret', async () => {
    const { opd, id } = await openDay();
    const secrets: string[] = [];
    const put = async (minute: number, role: string, rotate = false) => {
      opd.now = `2026-11-23T08:${minute}:00Z`;
      const { body } = await opd.put<{ secret: string | null }>('/keys/front', { role, rotate });
      secrets.push(body.secret ?? '');
    };
    await put(40, 'kiosk');
    await put(41, 'desk');
    await opd.post('/undo', { token_id: id, reason: 'a mistake' });
    await put(42, 'desk', true);
    opd.now = '2026-11-23T08:43:00Z';
    await opd.send({ method: 'DELETE', url: '/keys/front' });
    const told = (await opd.get<Audit>('/audit?from=2026-11-23T08:40:00Z')).body.entries.map(
      ({ kind, actor, key, role }) => [kind, actor, key, role],
    );
    expect(told).toEqual([
      ['key_revoked', 'admin/ravi', 'front', 'desk'],
      ['key_rotated', 'admin/ravi', 'front', 'desk'],
      ['undone', 'admin/ravi', null, null],
      ['key_changed', 'admin/ravi', 'front', 'desk'],
      ['key_created', 'admin/ravi', 'front', 'kiosk'],
    ]);
    const all = await opd.get<Audit>('/audit?limit=500');
    for (const secret of secrets.filter((text) => text !== ''))
      expect(all.text).not.toContain(secret.slice(17));
    const kinds = async (query: string) =>
      (await opd.get<Audit>(`/audit?${query}`)).body.entries.map(({ kind }) => kind);
    expect(await kinds('kind=key_revoked')).toEqual(['key_revoked']);
    expect(await kinds(`token_id=${id}&actor=admin`)).toEqual(['undone']);
    expect(await kinds('doctor_id=doc1&kind=key_revoked')).toEqual([]);
    for (const limit of [1, 2, 3]) {
      const paged: unknown[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const url: string = `/audit?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`;
        const { body }: { body: Audit } = await opd.get<Audit>(url);
        paged.push(...body.entries);
        cursor = body.next_cursor;
      }
      expect(paged).toEqual(all.body.entries);
    }
  });

  it.each([
    ...['limit=0', 'limit=501', 'cursor=x', 'from=today', 'kind=BOOKED', 'colour=red'],
    // A leap second and an offset without minutes are RFC 3339 and ISO 8601, but `Date` reads neither.
    ...['to=2026-12-31T23:59:60Z', 'from=2026-12-31T23:00:00%2B05'],
  ])('refuses %s', async (query) => {
    const opd = await openApp();
    expect(await opd.get(`/audit?${query}`)).toMatchObject({ status: 400 });
  });

  it('is refused while the service loads', async () => {
    const opd = await openApp({ started: false });
    expect(await opd.get('/audit')).toMatchObject({ status: 503 });
    expect(await opd.post('/book', booking('W1'))).toMatchObject({ status: 503 });
  });
});
