import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { openApp, type Answer, type TestApp } from '../support/app/app.ts';
import { fillDay } from '../support/app/large-day.ts';
import { casesOf, rerun, tryUntilReached } from '../support/seed.ts';

// `GET /queue` and `GET /schedule` have an `ETag`, and answer 304 to a client that has the answer already.

const ROUTES = [
  ['/queue?doctor_id=doc1', 'private, no-cache'],
  ['/schedule?doctor_id=doc1', 'no-store'],
] as const;
const START_MS = Date.parse('2026-11-23T08:00:00Z');

const read = (opd: TestApp, url: string, etags?: string, method: 'GET' | 'HEAD' = 'GET') =>
  opd.send<unknown>({
    ...{ method, url },
    headers: etags === undefined ? {} : { 'if-none-match': etags },
  });

const etagOf = ({ headers }: Answer): string => String(headers['etag']);

describe.each(ROUTES)('GET %s', (url, cacheControl) => {
  it('answers 304 without a body to a client that has the answer, and the answer to any other', async () => {
    const opd = await openApp();
    await opd.book('W1');
    const whole = await read(opd, url);
    const etag = etagOf(whole);
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    expect(whole).toMatchObject({ status: 200, headers: { 'cache-control': cacheControl } });
    for (const named of [etag, `W/${etag}`, `"a", W/"b,c" ,${etag}`, `${etag},"x"`, '*']) {
      const { status, text, headers } = await read(opd, url, named);
      expect([named, status, text]).toEqual([named, 304, '']);
      expect(headers).toMatchObject({ etag, 'cache-control': cacheControl });
      expect(headers).not.toHaveProperty('content-type');
      expect(headers).not.toHaveProperty('content-length');
    }
    for (const named of ['', '"*"', '"a"', etag.slice(1, -1), `"${etag.slice(1, -2)}"`])
      expect([named, await read(opd, url, named)]).toMatchObject([
        named,
        { status: 200, text: whole.text, headers: { etag } },
      ]);
  });

  it('answers a HEAD with the headers of the GET', async () => {
    const opd = await openApp();
    const { text, headers } = await read(opd, url);
    const head = await read(opd, url, undefined, 'HEAD');
    expect(head).toMatchObject({ status: 200, text: '' });
    for (const name of ['etag', 'cache-control', 'content-type', 'content-length'])
      expect([name, head.headers[name]]).toEqual([name, headers[name]]);
    const unchanged = await read(opd, url, String(headers['etag']), 'HEAD');
    expect(unchanged).toMatchObject({ status: 304, text: '', headers: { etag: headers['etag'] } });
    // RFC 9110, 8.6: the length that the answer to a GET would have.
    expect(unchanged.headers['content-length']).toBe(String(Buffer.byteLength(text)));
  });

  it('answers a problem without an ETag, and tells browsers not to store it', async () => {
    const opd = await openApp();
    const problem = await read(opd, url.replace('doc1', 'nobody'), '*');
    expect(problem).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } });
    expect(problem.headers).not.toHaveProperty('etag');
  });

  it('sends a large answer in pieces, without an ETag', async () => {
    const opd = await openApp();
    await fillDay(opd, 700);
    const { status, headers, text } = await read(opd, url, '*');
    expect([status, text.length > 65_536]).toEqual([200, true]);
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(headers).not.toHaveProperty('etag');
  });
});

it('callers whose answers differ get different ETags', async () => {
  const opd = await openApp();
  await opd.book('W1');
  const desk = opd.as(await opd.key({ role: 'desk' }));
  const display = opd.as(await opd.key({ role: 'display' }));
  const [url] = ROUTES[0];
  const forDesk = await read(desk, url);
  const forDisplay = await read(display, url, etagOf(forDesk));
  expect(forDesk.text).toContain('"id":');
  expect(forDisplay.status).toBe(200);
  expect(forDisplay.text).not.toContain('"id":');
  expect(etagOf(forDisplay)).not.toBe(etagOf(forDesk));
});

/** A step of a history: a command for the token that was booked some bookings ago, or time that passes. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant({ url: '/book' } as const) },
    {
      weight: 4,
      arbitrary: fc.record({
        url: fc.constantFrom('/cancel', '/check-in', '/start', '/complete', '/skip'),
        ago: fc.nat(3),
      }),
    },
    { weight: 3, arbitrary: fc.record({ ms: fc.constantFrom(1, 999, 60_000, 3_600_000) }) },
  ),
  { minLength: 5, maxLength: 30 },
);

it(`a client that keeps answers has in a random history the same as one that keeps none ${rerun}`, async () => {
  let unchanged = 0;
  const property = fc.asyncProperty(steps, async (history) => {
    const opd = await openApp();
    const ids: string[] = [];
    let now = START_MS;
    /** The text of each answer by its ETag, and the other way round. */
    const texts = new Map<string, string>();
    const etags = new Map<string, string>();
    const last = new Map<string, string>();
    for (const step of history) {
      if ('ms' in step) opd.now = new Date((now += step.ms)).toISOString();
      else if (step.url === '/book') {
        const { body } = await opd.post<{ id: string }>('/book', {
          ...{ doctor_id: 'doc1', slot_id: 'doc1_slot1' },
          ...{ patient_name: 'somebody', patient_type: 'WALK_IN' },
        });
        ids.push(body.id);
      } else await opd.post(step.url, { token_id: ids.at(-1 - step.ago) ?? 'nobody' });
      for (const [url] of ROUTES) {
        const conditional = await read(opd, url, last.get(url));
        const { text, headers } = await read(opd, url);
        const etag = String(headers['etag']);
        expect(conditional).toMatchObject({ headers: { etag } });
        if (conditional.status === 304) unchanged += 1;
        expect(conditional.status === 304 ? texts.get(last.get(url) ?? '') : conditional.text).toBe(
          text,
        );
        expect([texts.get(etag) ?? text, etags.get(text) ?? etag]).toEqual([text, etag]);
        texts.set(etag, text);
        etags.set(text, etag);
        last.set(url, etag);
      }
    }
  });
  const numRuns = casesOf(inject('isPostgres') ? 2 : 10);
  await tryUntilReached(property, numRuns, () => (unchanged > 0 ? [] : ['an answer 304']));
});
