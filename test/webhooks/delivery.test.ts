import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { accept, failing, Receiver, verified } from '../support/webhooks/receiver.ts';
import {
  bookFor,
  deliveriesAre,
  deliveriesOf,
  openWebhookApp,
  putWebhook,
} from '../support/webhooks/webhook-app.ts';

it('an event is sent with ids, numbers and statuses, without a name, and signed by Standard Webhooks', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  const secret = await putWebhook(opd, receiver);
  expect(secret).toMatch(/^whsec_/);
  const booked = await opd.book('W1', { patient_id: 'p-secret' });
  await receiver.has(1);
  const [first] = receiver.received;
  expect(first?.event).toEqual({
    ...{ id: first?.event.id, type: 'token.booked', at: '2026-11-23T08:00:00.000Z' },
    ...{ doctor_id: 'doc1', version: first?.event.version, slot_id: 'doc1_slot1@2026-11-23' },
    ...{ token_id: booked.id, number: 1, patient_type: 'WALK_IN', room: null, old_status: null },
    ...{ new_status: 'BOOKED', waitlist_position: null, cause: null, break_until: null },
  });
  expect(first && verified(secret, first)).toEqual(first?.event);
  expect(first?.headers['webhook-id']).toBe(`app_${first?.event.id}`);
  const otherSecret = `whsec_${randomBytes(32).toString('base64')}`;
  expect(() => first && verified(otherSecret, first)).toThrow(/signature/);
  expect(await deliveriesAre(opd, ({ length }) => length === 1)).toMatchObject([
    { event_id: first?.event.id, status: 'delivered', tries: 1, http_status: 204, error: null },
  ]);
});

it('only the types and the doctors that the webhook names are sent', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  await putWebhook(opd, receiver, { types: ['token.cancelled'], doctor_ids: ['doc1'] });
  const [one, two] = [
    await opd.book('W1'),
    await opd.book('W2', { doctor_id: 'doc2', slot_id: 'doc2_slot1' }),
  ];
  await opd.post('/cancel', { token_id: two.id });
  await opd.post('/cancel', { token_id: one.id });
  await receiver.has(1);
  expect(receiver.types()).toEqual(['token.cancelled']);
  expect(receiver.received[0]?.event).toMatchObject({ doctor_id: 'doc1', token_id: one.id });
});

it('a message that fails is sent again with the same webhook-id, before the later ones of its doctor, and delays no other doctor', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  let doc1IsDown = true;
  receiver.respond = (received, response, before) =>
    received.event.doctor_id === 'doc1' && doc1IsDown
      ? void response.writeHead(503).end('later')
      : accept(received, response, before);
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 3);
  await bookFor(opd, 'doc2', 3);
  await eventually(() => receiver.types('doc2').length === 3 && receiver.types('doc1').length >= 3);
  // Only the first message of doc1 was tried.
  expect(new Set(receiver.versions('doc1')).size).toBe(1);
  expect(await deliveriesAre(opd, (all) => all.some(({ tries }) => tries > 1))).toContainEqual(
    expect.objectContaining({ status: 'retrying', http_status: 503, answer: 'later' }),
  );
  doc1IsDown = false;
  await eventually(() => new Set(receiver.versions('doc1')).size === 3);
  const inOrder = receiver.versions('doc1');
  expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
  // The doctor has caught up: what comes now is delivered at once, in order.
  await bookFor(opd, 'doc1', 2);
  await eventually(() => new Set(receiver.versions('doc1')).size === 5);
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  const versions = receiver.received.map(({ event }) => `${event.doctor_id}:${event.version}`);
  expect(new Set(ids).size).toBe(new Set(versions).size);
  await deliveriesAre(
    opd,
    (list) => list.length === 8 && list.every(({ status }) => status === 'delivered'),
  );
});

it('an answer of 410 disables the webhook, and setting it again goes on where it stopped', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start(failing(1_000, 410))];
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 2);
  await eventually(async () => {
    const { body } = await opd.get<{ disabled_reason: string }>('/webhooks/app');
    return body.disabled_reason === 'gone';
  });
  await bookFor(opd, 'doc2', 1);
  expect(receiver.received).toHaveLength(1);
  // It is not tried again by itself.
  expect(await deliveriesOf(opd)).toMatchObject([{ status: 'failed', next_try_at: null }]);
  receiver.respond = accept;
  const { status, body } = await opd.put('/webhooks/app', { url: receiver.url });
  expect([status, body]).toMatchObject([200, { secret: null, disabled_at: null }]);
  await receiver.has(4);
  expect(receiver.types('doc1')).toHaveLength(3);
  expect(receiver.types('doc2')).toHaveLength(1);
});

it('Retry-After is honoured', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  receiver.respond = failing(1, 429, { 'retry-after': '3600' });
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 1);
  const [delivery] = await deliveriesAre(opd, ({ length }) => length === 1);
  const waitMs = Date.parse(delivery?.next_try_at ?? '') - Date.parse(delivery?.last_try_at ?? '');
  expect(waitMs).toBe(3_600_000);
});

it('an event that fails at every try is given up, and the next one of its doctor follows', async () => {
  const opd = await openWebhookApp({ pausesMs: [5, 5] });
  let endLastTry: (() => unknown) | undefined;
  const receiver = await Receiver.start((received, response, before) => {
    const { doctor_id, number } = received.event as { doctor_id: string; number?: number };
    if (doctor_id !== 'doc1' || number !== 1) {
      accept(received, response, before);
      return;
    }
    if (before < 2) return void response.writeHead(500).end();
    endLastTry = () => response.writeHead(500).end();
  });
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 2);
  await eventually(() => endLastTry !== undefined);
  // Another doctor's message succeeds while it fails, so the receiver as a whole is alive.
  await bookFor(opd, 'doc2', 1);
  await deliveriesAre(opd, (list) => list.some(({ status }) => status === 'delivered'));
  endLastTry?.();
  const all = await deliveriesAre(
    opd,
    (list) => list.length === 3 && list.every(({ next_try_at }) => next_try_at === null),
  );
  expect(all.map(({ status, tries }) => `${status} ${tries}`).toSorted()).toEqual([
    ...['delivered 1', 'delivered 1', 'failed 3'],
  ]);
});

it('a webhook to which nothing was delivered until the last try is disabled', async () => {
  const pausesMs = [5, 5, 5, 5, 5, 5];
  const opd = await openWebhookApp({ pausesMs });
  const receiver = await Receiver.start(failing(1_000));
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 1);
  await eventually(async () => {
    const { body } = await opd.get<{ disabled_reason: string }>('/webhooks/app');
    return body.disabled_reason === 'failing';
  });
  expect(receiver.received).toHaveLength(7);
  receiver.respond = accept;
  await putWebhook(opd, receiver);
  await receiver.has(8);
  await deliveriesAre(opd, ([only]) => only?.status === 'delivered');
});

it('a receiver that stalls delays no other receiver, and few messages are under way to it', async () => {
  const opd = await openWebhookApp({ tryMs: 60_000 });
  const [stalled, other] = [await Receiver.start(() => undefined), await Receiver.start()];
  await putWebhook(opd, stalled, {}, 'stalled');
  await putWebhook(opd, other, {}, 'other');
  for (const doctor of ['doc1', 'doc2', 'doc3']) await bookFor(opd, doctor, 3);
  await other.has(9);
  expect(stalled.underWayMax).toBeLessThanOrEqual(3);
});

it('after a rotation both secrets sign, and the old one no more after a day', async () => {
  let ahead = 0;
  const clock = () => (Date.now() + ahead) as never;
  const [opd, receiver] = [await openWebhookApp({ clock }), await Receiver.start()];
  const old = await putWebhook(opd, receiver);
  const { body } = await opd.post<{ secret: string }>('/webhooks/app/rotate', {});
  await bookFor(opd, 'doc1', 1);
  await receiver.has(1);
  const [first] = receiver.received;
  for (const secret of [old, body.secret])
    expect(first && verified(secret, first)).toEqual(first?.event);
  ahead = 24 * 3_600_000;
  await bookFor(opd, 'doc1', 1);
  await receiver.has(2);
  expect(receiver.received[1]?.headers['webhook-signature']).not.toContain(' ');
});

it('a test is sent once and says what came back', async () => {
  const [opd, receiver] = [
    await openWebhookApp(),
    await Receiver.start(failing(1, 302, { location: 'http://127.0.0.1:1/' })),
  ];
  const secret = await putWebhook(opd, receiver);
  const { body } = await opd.post('/webhooks/app/test', {});
  expect(body).toMatchObject({
    type: 'webhook.test',
    status: 'failed',
    http_status: 302,
    answer: 'no',
  });
  const [sent] = receiver.received;
  expect(sent && verified(secret, sent)).toMatchObject({ type: 'webhook.test' });
  expect(await deliveriesOf(opd, 'app', '?status=failed')).toHaveLength(1);
});

it('one event is sent again by its id, and all from an instant on in order', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 1);
  opd.now = '2026-11-23T08:30:00Z';
  await bookFor(opd, 'doc1', 2);
  await receiver.has(3);
  const [, second] = receiver.received;
  const again = await opd.post('/webhooks/app/replay', { event_id: second?.event.id });
  expect(again.body).toMatchObject({
    delivery: { status: 'delivered', event_id: second?.event.id },
  });
  expect(receiver.received[3]?.headers['webhook-id']).toBe(second?.headers['webhook-id']);
  await opd.post('/webhooks/app/replay', { from: '2026-11-23T08:30:00Z' });
  await receiver.has(6);
  const sent = receiver.received.map(({ event }) => event.id);
  expect(sent.slice(4)).toEqual(sent.slice(1, 3));
});

it('a deleted webhook gets nothing more, and one without a webhook costs no look at the record', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  let reads = 0;
  const { changeLog } = opd.database;
  const since = changeLog.since.bind(changeLog);
  changeLog.since = (...given) => ((reads += 1), since(...given));
  await bookFor(opd, 'doc1', 1);
  expect(reads).toBe(0);
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 1);
  await receiver.has(1);
  await opd.send({ method: 'DELETE', url: '/webhooks/app' });
  expect((await opd.get('/webhooks/app')).status).toBe(404);
  reads = 0;
  await bookFor(opd, 'doc1', 1);
  await opd.webhooks.refresh();
  expect(reads).toBe(0);
  expect(receiver.received).toHaveLength(1);
});

it('GET /audit tells who did what with which webhook, and where it led, and never a secret', async () => {
  const [opd, receiver] = [await openWebhookApp(), await Receiver.start()];
  const boss = opd.as(await opd.key({ role: 'admin' }), { 'opd-actor': 'ravi' });
  const secret = await putWebhook(boss, receiver);
  // A request that changes nothing is not on record.
  await putWebhook(boss, receiver);
  await putWebhook(boss, receiver, { types: ['token.booked'] });
  const rotated = await boss.post<{ secret: string }>('/webhooks/app/rotate', {});
  await boss.post('/webhooks/app/test', {});
  await boss.post('/webhooks/app/replay', { from: '2026-11-23T08:30:00Z' });
  await bookFor(boss, 'doc1', 1);
  await receiver.has(2);
  await boss.post('/webhooks/app/replay', { event_id: receiver.received[1]?.event.id });
  await boss.post('/webhooks/app/replay', { event_id: 'none' });
  receiver.respond = failing(1_000, 410);
  await bookFor(boss, 'doc1', 1);
  const entries = async (query = '') =>
    (await boss.get<{ entries: Record<string, unknown>[] }>(`/audit?${query}`)).body.entries;
  await eventually(async () => (await entries('kind=webhook_disabled')).length === 1);
  await boss.send({ method: 'DELETE', url: '/webhooks/app' });
  const acts = (await entries()).filter(({ webhook }) => webhook !== null);
  // Acts of the same millisecond are in no certain order.
  expect(acts.map(({ kind, actor }) => `${String(kind)} ${String(actor)}`).toSorted()).toEqual([
    'webhook_changed admin/ravi',
    'webhook_created admin/ravi',
    'webhook_deleted admin/ravi',
    'webhook_disabled system',
    'webhook_replayed admin/ravi',
    'webhook_replayed admin/ravi',
    'webhook_rotated admin/ravi',
    'webhook_tested admin/ravi',
  ]);
  for (const act of acts)
    expect(act).toMatchObject({ webhook: 'app', url: receiver.url, key: null, role: null });
  for (const made of [secret, rotated.body.secret]) {
    expect(made).toMatch(/^whsec_/);
    expect(JSON.stringify(acts)).not.toContain(made.slice(6, 30));
  }
});
