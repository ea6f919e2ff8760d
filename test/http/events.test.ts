import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EventStream, LIMITS } from '../../src/http/event-stream.ts';
import { doctorId, epochMs } from '../../src/engine/index.ts';
import { ANONYMOUS, SharedEvents, type PublicEvent } from '../../src/service/index.ts';
import { subscribe } from '../../src/telemetry/index.ts';
import { openApp, type AppOptions, type TestApp } from '../support/app/app.ts';
import { EventReader } from '../support/app/event-reader.ts';
import { listen } from '../support/app/sockets.ts';
import { eventually } from '../support/eventually.ts';

const GRANT = { identity: ANONYMOUS, isValid: () => true };
const EVENT: PublicEvent = {
  ...{ id: 'cursor', type: 'slot.changed', at: epochMs(0), doctorId: doctorId('doc1'), version: 1 },
  ...{ slotId: null, tokenId: null, token: null, room: null, oldStatus: null, newStatus: null },
  ...{ waitlistPosition: null, cause: null, breakUntil: null },
};

interface Feed {
  readonly opd: TestApp;
  readonly read: (query?: string, headers?: Record<string, string>) => Promise<EventReader>;
}

async function openFeed(options: AppOptions = {}): Promise<Feed> {
  const opd = await openApp(options);
  const clients = await listen(opd);
  const url = `http://127.0.0.1:${clients.port}/events`;
  return {
    opd,
    read: async (query = '', headers = {}) => {
      const reader = await EventReader.open(url + query, headers);
      onTestFinished(() => reader.close());
      return reader;
    },
  };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

it('a stream has each event once, in the order of the versions, with the same type and id inside and outside', async () => {
  const { opd, read } = await openFeed();
  const reader = await read('?doctor_id=doc1');
  expect(reader.response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  const first = await opd.book('W1');
  await opd.book('W2');
  await opd.book('W3', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
  await opd.post('/cancel', { token_id: first.id });
  const messages = await reader.until(3);
  expect(reader.types).toEqual(['token.booked', 'token.booked', 'token.cancelled']);
  for (const { type, lastEventId, data } of messages)
    expect(data).toMatchObject({ type, id: lastEventId, doctor_id: 'doc1' });
  const versions = messages.map(({ data }) => data.version);
  expect(versions).toEqual([0, 1, 2].map((step) => (versions[0] ?? 0) + step));
  expect(messages[2]?.data).toMatchObject({
    ...{ token_id: first.id, number: 1, patient_type: 'WALK_IN', patient_name: 'W1' },
    ...{ old_status: 'BOOKED', new_status: 'CANCELLED' },
  });
  expect(reader.parser.retry).toBe(LIMITS.retryMs);
});

describe('a client that connects again', () => {
  it.each(['header', 'query'])('gets what it missed, without gap or repeat, by %s', async (way) => {
    const { opd, read } = await openFeed();
    const reader = await read();
    await opd.book('W1');
    const [first] = await reader.until(1);
    reader.close();
    await opd.book('W2');
    const id = first?.lastEventId ?? '';
    const again = await (way === 'header'
      ? read('?after=not-this', { 'last-event-id': id })
      : read(`?after=${id}`));
    await opd.book('W3');
    await again.until(2);
    expect(again.messages.map(({ data }) => data.patient_name)).toEqual(['W2', 'W3']);
  });

  it('resumes from the beginning of its stream when it had no event', async () => {
    const { opd, read } = await openFeed();
    const reader = await read();
    await eventually(() => reader.parser.lastEventId !== '');
    reader.close();
    await opd.book('W1');
    const again = await read('', { 'last-event-id': reader.parser.lastEventId });
    await again.until(1);
    expect(again.types).toEqual(['token.booked']);
  });

  it('is told to load the state again when its cursor is unknown, and gets the events from then on', async () => {
    const { opd, read } = await openFeed();
    const reader = await read('?after=unknown');
    await reader.until(1);
    await opd.book('W1');
    await reader.until(2);
    expect(reader.types).toEqual(['reset', 'token.booked']);
    const again = await read('', { 'last-event-id': reader.messages[0]?.lastEventId ?? '' });
    await again.until(1);
    expect(again.types).toEqual(['token.booked']);
  });
});

it('only the types that are asked for come', async () => {
  const { opd, read } = await openFeed();
  const reader = await read('?types=token.cancelled,token.promoted');
  const { id } = await opd.book('W1');
  await opd.post('/cancel', { token_id: id });
  await reader.until(1);
  expect(reader.types).toEqual(['token.cancelled']);
});

describe('what a caller sees', () => {
  it('a public screen gets numbers, and neither names nor ids of tokens', async () => {
    const { opd, read } = await openFeed();
    const [admin, display] = [await opd.key({ role: 'admin' }), await opd.key({ role: 'display' })];
    const reader = await read('', bearer(display));
    const { id } = await opd.as(admin).book('Wilma', { patient_id: 'p-77' });
    const [message] = await reader.until(1);
    expect(message?.data).toMatchObject({ number: 1, patient_type: 'WALK_IN' });
    expect(JSON.stringify(reader.messages)).not.toMatch(new RegExp(`Wilma|p-77|${id}`));
  });

  it('a stream that asks for numbers gets neither names nor ids, whatever the role may see', async () => {
    const { opd, read } = await openFeed();
    const reader = await read('?detail=numbers');
    const { id } = await opd.book('Wilma', { patient_id: 'p-77' });
    const [message] = await reader.until(1);
    expect(message?.data).toMatchObject({ number: 1, patient_type: 'WALK_IN' });
    expect(JSON.stringify(reader.messages)).not.toMatch(new RegExp(`Wilma|p-77|${id}`));
    expect((await read('?detail=patients')).status).toBe(400);
  });

  it('an app of patients gets the events of the tokens that it has booked', async () => {
    const { opd, read } = await openFeed();
    const [admin, app] = [await opd.key({ role: 'admin' }), await opd.key({ role: 'patient_app' })];
    const reader = await read('?types=token.booked,token.cancelled', bearer(app));
    await opd.as(admin).book('W1');
    const own = { patient_type: 'ONLINE_BOOKING', patient_id: 'p1' };
    const { id } = await opd.as(app).book('Own', own);
    await opd.as(admin).post('/cancel', { token_id: id });
    await reader.until(2);
    expect(reader.messages.map(({ data }) => `${data.type} ${data.patient_name}`)).toEqual([
      'token.booked Own',
      'token.cancelled Own',
    ]);
  });

  it('a key of one doctor gets the events of that doctor', async () => {
    const { opd, read } = await openFeed();
    const admin = opd.as(await opd.key({ role: 'admin' }));
    const secret = await opd.key({ role: 'doctor', doctorIds: [doctorId('doc2')] });
    const reader = await read('', bearer(secret));
    await admin.book('W1');
    await admin.book('W2', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
    await reader.until(1);
    expect(reader.messages.map(({ data }) => data.doctor_id)).toEqual(['doc2']);
    expect((await read('?doctor_id=doc1', bearer(secret))).status).toBe(403);
  });
});

describe('a ticket', () => {
  const ticketOf = async (opd: TestApp): Promise<string> =>
    (await opd.post<{ ticket: string }>('/events/ticket', {})).body.ticket;

  it('opens a stream with the role and the doctors of the key', async () => {
    const { opd, read } = await openFeed();
    const admin = opd.as(await opd.key({ role: 'admin' }));
    const display = opd.as(await opd.key({ role: 'display', doctorIds: [doctorId('doc2')] }));
    const reader = await read(`?ticket=${await ticketOf(display)}`);
    await admin.book('W1');
    await admin.book('W2', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
    const [message] = await reader.until(1);
    expect(message?.data.doctor_id).toBe('doc2');
    expect(message?.data).not.toHaveProperty('patient_name');
    const foreign = await read(`?doctor_id=doc1&ticket=${await ticketOf(display)}`);
    expect(foreign.status).toBe(403);
  });

  it('is refused when it was changed, when it has expired, and on other routes', async () => {
    const { opd, read } = await openFeed();
    const ticket = await ticketOf(opd.as(await opd.key({ role: 'desk' })));
    expect(
      (await read(`?ticket=${ticket.slice(0, -1)}${ticket.endsWith('A') ? 'B' : 'A'}`)).status,
    ).toBe(401);
    expect((await opd.get(`/queue?ticket=${ticket}`)).status).toBe(401);
    opd.now = '2026-11-23T08:10:00Z';
    expect((await read(`?ticket=${ticket}`)).status).toBe(401);
  });

  it('is refused when its key was revoked or has another secret', async () => {
    const { opd, read } = await openFeed();
    const { keys } = opd.service;
    const ticket = await ticketOf(opd.as(await opd.key({ role: 'desk' })));
    await keys.registry.rotate('desk', 'boss');
    await keys.refresh();
    expect((await read(`?ticket=${ticket}`)).status).toBe(401);
  });
});

describe('a stream ends', () => {
  it.each([
    ['its key is revoked', (opd: TestApp) => opd.service.keys.registry.revoke('desk', 'boss')],
    [
      'its key gets another secret',
      (opd: TestApp) => opd.service.keys.registry.rotate('desk', 'boss'),
    ],
    [
      'its key gets another role',
      (opd: TestApp) =>
        opd.service.keys.registry.put(
          { name: 'desk', role: 'display', doctorIds: [], expiresAt: null },
          false,
          'boss',
        ),
    ],
  ])('when %s', async (_, change) => {
    const { opd, read } = await openFeed();
    const reader = await read('', bearer(await opd.key({ role: 'desk' })));
    await change(opd);
    await opd.service.keys.refresh();
    await eventually(() => reader.isOver);
    expect(opd.service.eventFeed.subscriberCount).toBe(0);
  });

  it('when the service stops, and no other one begins', async () => {
    const { opd, read } = await openFeed();
    const reader = await read();
    opd.service.stop();
    await eventually(() => reader.isOver);
    expect((await read()).status).toBe(503);
  });
});

it('a reader that takes nothing is cut as soon as too much waits for it', async () => {
  const app = Fastify();
  onTestFinished(() => app.close());
  const opened = Promise.withResolvers<EventStream>();
  app.get('/', (_request, reply) => {
    const stream = new EventStream(reply, GRANT, { doctorIds: null, types: null, detail: 'ids' });
    stream.begin('start');
    opened.resolve(stream);
    return reply;
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const stream = await opened.promise;
  let cuts = 0;
  onTestFinished(
    subscribe(
      'opd:event-reader-cut',
      () => (cuts += 1),
      () => undefined,
    ),
  );
  const page = new SharedEvents(
    Array.from({ length: 200 }, (_, index) => ({ ...EVENT, version: index + 1 })),
  );
  // The buffers of the system take some megabytes before bytes wait in the service.
  for (let pages = 0; cuts === 0; pages += 1) {
    expect(pages).toBeLessThan(1_000);
    stream.take(page);
    await new Promise(setImmediate);
  }
  stream.take(page);
  expect(cuts).toBe(1);
});

it('as many streams as are allowed are open, and requests still find a connection', async () => {
  const { opd, read } = await openFeed({ connectionLimits: { connectionsMax: 5 } });
  const readers = await Promise.all([read(), read(), read(), read()]);
  expect(readers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect((await read()).status).toBe(503);
  expect((await opd.get('/doctors')).status).toBe(200);
});

it('a stream on which nothing happens for longer than a request may take stays open', async () => {
  const { opd, read } = await openFeed();
  const accepted = once(opd.app.server, 'connection') as Promise<[Socket]>;
  const reader = await read();
  const [socket] = await accepted;
  // What Node reports when nothing has moved on the connection for the time of a request.
  socket.emit('timeout');
  await opd.book('W1');
  await reader.until(1);
  expect(reader.isOver).toBe(false);
});
