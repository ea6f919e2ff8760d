import { expect, it } from 'vitest';
import { AllocationEngine, doctorId, epochMs } from '../../src/engine/index.ts';
import { AccessKeys, expiryOf, type KeyInput } from '../../src/service/index.ts';
import { openMemoryDatabase } from '../../src/store/memory/database.ts';
import { NOW, RULES } from '../support/engine/clinic.ts';

const DESK: KeyInput = { name: 'desk', role: 'desk', doctorIds: [], expiresAt: null };

/** The keys of an empty database, and a clock that the test sets. */
function open() {
  const { keys } = openMemoryDatabase(new AllocationEngine(RULES));
  const time = { now: NOW };
  return { keys: new AccessKeys(keys, () => time.now), store: keys, time };
}

/** Adds a key and returns its secret. */
async function secretOf({ registry }: AccessKeys, input: KeyInput): Promise<string> {
  const put = await registry.put(input, false, 'boss');
  return 'secret' in put ? (put.secret ?? '') : '';
}

it.each<[Partial<KeyInput>, string]>([
  [{ name: 'a/b' }, '/name'],
  [{ name: '' }, '/name'],
  [{ name: 'x'.repeat(65) }, '/name'],
  [{ name: 'anonymous' }, '/name'],
  [{ name: 'system' }, '/name'],
  [{ role: 'admin', doctorIds: [doctorId('rao')] }, '/doctor_ids'],
  [{ role: 'auditor', doctorIds: [doctorId('rao')] }, '/doctor_ids'],
  [{ role: 'doctor' }, '/doctor_ids'],
  [{ expiresAt: NOW }, '/expires_at'],
])('a key with %j has a fault and is not added', async (more, pointer) => {
  const { keys } = open();
  const put = await keys.registry.put({ ...DESK, ...more }, false, 'boss');
  expect(put).toMatchObject({ faults: [{ pointer }] });
  expect(await keys.registry.list()).toEqual([]);
});

it('a key keeps its secret when only its role changes, and gets another one when it rotates', async () => {
  const { keys } = open();
  const secret = await secretOf(keys, DESK);
  expect(await keys.registry.put({ ...DESK, role: 'kiosk' }, false, 'boss')).toMatchObject({
    ...{ secret: null, isNew: false },
  });
  await keys.refresh();
  expect(keys.recognise(secret)).toMatchObject({ identity: { role: 'kiosk' } });
  const rotated = await keys.registry.put(DESK, true, 'boss');
  expect(rotated).toMatchObject({
    isNew: false,
    secret: expect.not.stringMatching(secret) as string,
  });
  await keys.refresh();
  expect(keys.recognise(secret)).toMatchObject({ failure: 'unknown' });
});

it('a revoked key stays on record, and a new key may have its name', async () => {
  const { keys } = open();
  const secret = await secretOf(keys, DESK);
  await keys.registry.revoke('desk', 'boss');
  await keys.refresh();
  expect([keys.state, keys.recognise(secret)]).toMatchObject(['some', { failure: 'revoked' }]);
  expect(await keys.registry.rotate('desk', 'boss')).toBeUndefined();
  expect(await keys.registry.put(DESK, false, 'boss')).toMatchObject({ isNew: true });
  await keys.refresh();
  expect(keys.recognise(secret)).toMatchObject({ failure: 'unknown' });
});

it('a key is not accepted from its expiry on', async () => {
  const { keys, time } = open();
  const secret = await secretOf(keys, { ...DESK, expiresAt: epochMs(NOW + 1_000) });
  await keys.refresh();
  time.now = epochMs(NOW + 999);
  expect(keys.recognise(secret)).toHaveProperty('identity');
  time.now = epochMs(NOW + 1_000);
  expect(keys.recognise(secret)).toMatchObject({ failure: 'expired' });
});

it('a secret is accepted only letter by letter the same, and the failure names its public id', async () => {
  const { keys } = open();
  const secret = await secretOf(keys, DESK);
  await keys.refresh();
  const keyId = secret.slice(4, 16);
  const other = secret.endsWith('A') ? 'B' : 'A';
  expect(keys.recognise(secret.slice(0, -1) + other)).toEqual({ failure: 'unknown', keyId });
  for (const text of ['', 'opd_', secret.slice(1), `${secret}A`, secret.toUpperCase()])
    expect(keys.recognise(text)).toEqual({ failure: 'malformed', keyId: null });
});

it('the last use is stored at most once a minute', async () => {
  const { keys, store, time } = open();
  const secret = await secretOf(keys, DESK);
  await keys.refresh();
  const lastUses: unknown[] = [];
  for (const ms of [0, 30_000, 59_999, 60_000, 61_000]) {
    time.now = epochMs(NOW + ms);
    keys.recognise(secret);
    await keys.refresh();
    lastUses.push((await store.accessKeys())[0]?.lastUsedAt);
  }
  expect(lastUses).toEqual([NOW, NOW, NOW, NOW + 60_000, NOW + 60_000]);
});

it.each([
  ['2027-01-31', '2027-02-01T00:00:00.000Z'],
  ['2027-01-31T18:00:00+05:30', '2027-01-31T12:30:00.000Z'],
  ['2027-02-30', undefined],
  ['2027-02-30T00:00:00Z', undefined],
  ['2027-01-31T18:00', undefined],
  ['soon', undefined],
])('the expiry %s is %s', (text, instant) => {
  const expiry = expiryOf(text);
  expect(expiry === undefined ? undefined : new Date(expiry).toISOString()).toBe(instant);
});
