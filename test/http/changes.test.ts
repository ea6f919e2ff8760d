import { describe, expect, it, onTestFinished } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import type { EventView } from '../../src/http/resources/event.ts';
import { openApp, type TestApp } from '../support/app/app.ts';
import { EventReader } from '../support/app/event-reader.ts';
import { listen } from '../support/app/sockets.ts';

interface Page {
  readonly events: readonly EventView[];
  readonly cursor: string;
  readonly has_more: boolean;
}

const page = async (opd: TestApp, query: string): Promise<Page> =>
  (await opd.get<Page>(`/changes${query}`)).body;

const typesOf = ({ events }: Page): string[] => events.map(({ type }) => type);

it('without a cursor there are no events, and the cursor is that of now', async () => {
  const opd = await openApp();
  await opd.book('W1');
  const now = await page(opd, '');
  expect(now).toMatchObject({ events: [], has_more: false });
  await opd.book('W2');
  const next = await page(opd, `?after=${now.cursor}`);
  expect(next.events.map(({ patient_name }) => patient_name)).toEqual(['W2']);
  expect(await page(opd, `?after=${next.cursor}`)).toEqual({ ...next, events: [] });
});

it('pages follow each other without gap or repeat, and are the events of the stream', async () => {
  const opd = await openApp();
  const { cursor: start } = await page(opd, '');
  for (const name of ['W1', 'W2', 'W3', 'E1', 'W4']) await opd.book(name);
  const read: EventView[] = [];
  for (let after = start, more = true; more;) {
    const next = await page(opd, `?limit=2&after=${after}`);
    expect(next.events.length).toBeLessThanOrEqual(2);
    read.push(...next.events);
    after = next.cursor;
    more = next.has_more;
  }
  const { port } = await listen(opd);
  const reader = await EventReader.open(`http://127.0.0.1:${port}/events?after=${start}`);
  onTestFinished(() => reader.close());
  const messages = await reader.until(read.length);
  expect(read).toHaveLength(6);
  expect(messages.map(({ data }) => data)).toEqual(read);
});

describe('a page has only', () => {
  it('the doctors and types that are asked for, and its cursor is behind the others too', async () => {
    const opd = await openApp();
    const { cursor } = await page(opd, '');
    const { id } = await opd.book('W1');
    await opd.book('W2', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
    await opd.post('/cancel', { token_id: id });
    const query = `?after=${cursor}&doctor_id=doc1&types=token.cancelled`;
    const first = await page(opd, query);
    expect(typesOf(first)).toEqual(['token.cancelled']);
    expect(typesOf(await page(opd, `?after=${first.cursor}`))).toEqual([]);
  });

  it('what the caller may see', async () => {
    const opd = await openApp();
    const admin = opd.as(await opd.key({ role: 'admin' }));
    const display = opd.as(await opd.key({ role: 'display', doctorIds: [doctorId('doc2')] }));
    const app = opd.as(await opd.key({ role: 'patient_app' }));
    const { cursor } = await page(admin, '');
    await admin.book('Wilma', { patient_id: 'p-77' });
    await admin.book('Wanda', { doctor_id: 'doc2', slot_id: 'doc2_slot1' });
    const shown = await page(display, `?after=${cursor}`);
    expect(shown.events.map(({ doctor_id }) => doctor_id)).toEqual(['doc2']);
    expect(JSON.stringify(shown)).not.toMatch(/Wanda|token_id/);
    expect((await page(app, `?after=${cursor}`)).events).toEqual([]);
  });
});

it('an unknown cursor is refused: the client reads the state again', async () => {
  const opd = await openApp();
  expect(await opd.get('/changes?after=unknown')).toMatchObject({
    status: 410,
    body: { code: 'unknown_cursor' },
  });
});
