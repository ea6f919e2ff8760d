import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import { openDatabase, type DeliveryStatus, type StoredDelivery } from '../../src/store/index.ts';
import { Unsaved } from '../../src/webhooks/progress.ts';
import { NOW } from '../support/engine/clinic.ts';
import { eventually } from '../support/eventually.ts';
import { startPgProxy } from '../support/postgres/pg-proxy.ts';
import { emptyTables } from '../support/postgres/postgres.ts';
import { accept, Receiver } from '../support/webhooks/receiver.ts';
import {
  bookFor,
  deliveriesAre,
  openWebhookApp,
  putWebhook,
} from '../support/webhooks/webhook-app.ts';

it('deliveries that end while PostgreSQL is away are recorded when it is back, and what is sent twice has one webhook-id', async () => {
  const proxy = await startPgProxy(await emptyTables());
  let faults = 0;
  const opd = await openWebhookApp(
    { onFault: () => (faults += 1) },
    { store: (engine) => openDatabase(proxy.url, engine) },
  );
  const receiver = await Receiver.start();
  await putWebhook(opd, receiver);
  await bookFor(opd, 'doc1', 1);
  await deliveriesAre(opd, ([only]) => only?.status === 'delivered');

  const open = new Map<string, ServerResponse>();
  receiver.respond = ({ event }, response) => void open.set(event.doctor_id, response);
  await bookFor(opd, 'doc1', 1);
  await bookFor(opd, 'doc2', 1);
  await eventually(() => open.size === 2);
  receiver.respond = accept;
  proxy.isOpen = false;
  proxy.cutAll();
  open.get('doc1')?.writeHead(204).end();
  await eventually(() => faults > 0);
  // This delivery ends when the other one could not be recorded: both are recorded later.
  open.get('doc2')?.writeHead(500).end();
  proxy.isOpen = true;
  await eventually(async () => (await opd.get('/webhooks/app')).status === 200);
  const all = await deliveriesAre(
    opd,
    (list) => list.length === 3 && list.every(({ status }) => status === 'delivered'),
  );
  await bookFor(opd, 'doc1', 1);
  await eventually(() => new Set(receiver.versions('doc1')).size === 3);
  const idsOf = (event: string) =>
    receiver.received
      .filter(({ event: { id } }) => id === event)
      .map(({ headers }) => headers['webhook-id']);
  for (const { event_id } of all)
    expect(new Set(idsOf(event_id))).toEqual(new Set([`app_${event_id}`]));
  // The one that failed was sent again.
  expect(receiver.versions('doc2').length).toBeGreaterThan(1);
});

it('what could not be stored is stored with what came later, and of two results of the same the later one counts', () => {
  const lag = (tries: number) => ({
    ...{ webhookId: 'app', doctorId: doctorId('a'), cursor: 'c', tries },
    ...{ failingSince: NOW, nextAt: NOW },
  });
  const delivery = (eventId: string, status: DeliveryStatus): StoredDelivery => ({
    ...{ webhookId: 'app', eventId, type: 'token.booked', doctorId: null, status, tries: 1 },
    ...{ at: NOW, nextAt: null, httpStatus: 204, answer: '', error: null },
  });
  const [earlier, later] = [new Unsaved(), new Unsaved()];
  earlier.succeededAt = NOW;
  earlier.noteLag(doctorId('a'), lag(1));
  earlier.noteLag(doctorId('b'), null);
  earlier.noteDelivery(delivery('e1', 'retrying'));
  earlier.noteDelivery(delivery('e2', 'delivered'));
  later.noteLag(doctorId('a'), null);
  later.noteDelivery(delivery('e1', 'delivered'));
  later.addBefore(earlier);
  expect(later.parts).toMatchObject({ succeededAt: NOW, lags: [], caughtUp: ['a', 'b'] });
  expect(later.parts.deliveries).toHaveLength(2);
  for (const { status } of later.parts.deliveries) expect(status).toBe('delivered');
});
