import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { booking, openApp, type AppOptions, type TestApp } from '../support/app/app.ts';
import { listen } from '../support/app/sockets.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';

/** What a page sees of an answer. Its headers are those that the browser lets the page read. */
interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request as the page's own script would. Resolves with null when the browser keeps the answer from the page. */
const fetchIn = (page: Page, url: string, request: Sent = {}): Promise<Seen | null> =>
  page.evaluate(
    ([target, init]) =>
      fetch(target, init).then(
        async (answer) => ({
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          text: await answer.text(),
        }),
        () => null,
      ),
    [url, request] as const,
  );

/** The service on a port of 127.0.0.1, and the origins of two other web servers, of which it allows one. */
interface Site {
  readonly opd: TestApp;
  readonly url: string;
  readonly allowed: string;
  readonly other: string;
}

async function openSite(options: AppOptions = {}): Promise<Site> {
  const server = createServer((_, response) => response.end('<!doctype html><title>Desk</title>'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const [allowed, other] = [`http://desk.example:${port}`, `http://other.example:${port}`];
  const opd = await openApp({ origins: [allowed], ...options });
  return { opd, url: `http://127.0.0.1:${(await listen(opd)).port}`, allowed, other };
}

async function openPageAt(url: string): Promise<Page> {
  const page = await openPage();
  await page.goto(url);
  return page;
}

const BOOKING = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'k1' },
  body: JSON.stringify(booking('W1')),
};

describe.skipIf(noBrowser !== null)(`in Chromium${needsBrowser}`, () => {
  it('a page of an allowed origin books, and reads the headers that it needs', async () => {
    const { opd, url, allowed } = await openSite();
    const page = await openPageAt(allowed);
    const first = await fetchIn(page, `${url}/book`, BOOKING);
    const { id } = JSON.parse(first?.text ?? '') as { id: string };
    expect(first).toMatchObject({ status: 201, headers: { location: `/tokens/${id}` } });
    const again = await fetchIn(page, `${url}/book`, BOOKING);
    expect(again).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } });
    expect(again?.text).toBe(first?.text);
    expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 1 });
    expect(await fetchIn(page, `${url}/tokens/${id}`)).toMatchObject({ status: 200 });
    const file = await fetchIn(page, `${url}/docs/static/index.css`);
    expect(file?.headers['etag']).toMatch(/"/);
  });

  it('a page of an allowed origin sends every method and reads refusals too', async () => {
    const { url, allowed } = await openSite();
    const page = await openPageAt(allowed);
    const doctor = { name: 'Dr. N', time_zone: 'UTC', sessions: [] };
    const statuses: Record<string, number | undefined> = {};
    for (const [method, path, body] of [
      ['PUT', '/doctors/new', doctor],
      ['PATCH', '/slots/doc1_slot1@2026-11-23', { capacity: 4 }],
      ['POST', '/cancel', { token_id: 'x' }],
      ['POST', '/check-in', {}],
    ] as const) {
      const request = { ...BOOKING, method, body: JSON.stringify(body) };
      statuses[path] = (await fetchIn(page, url + path, request))?.status;
    }
    expect(Object.values(statuses)).toEqual([201, 200, 404, 400]);
  });

  it('a page of an allowed origin reads when it may repeat a refused command', async () => {
    const { url, allowed } = await openSite({ started: false });
    const answer = await fetchIn(await openPageAt(allowed), `${url}/book`, BOOKING);
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
  });

  it('a page of another origin books nothing and reads nothing', async () => {
    const { opd, url, other } = await openSite();
    const page = await openPageAt(other);
    expect(await fetchIn(page, `${url}/book`, BOOKING)).toBeNull();
    // A request of this form needs no permission of the service, so the browser sends it.
    const plain = { method: 'POST', body: BOOKING.body, headers: { 'Content-Type': 'text/plain' } };
    expect(await fetchIn(page, `${url}/book`, plain)).toBeNull();
    expect(await fetchIn(page, `${url}/schedule?doctor_id=doc1`)).toBeNull();
    expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 0 });
  });

  it('no page of another origin reads anything when no origin is set', async () => {
    const { url, allowed } = await openSite({ origins: [] });
    const page = await openPageAt(allowed);
    expect(await fetchIn(page, `${url}/book`, BOOKING)).toBeNull();
    expect(await fetchIn(page, `${url}/doctors`)).toBeNull();
  });

  it('a page whose own name was made to lead to the service reads nothing', async () => {
    const { opd, url } = await openSite();
    // The browser takes the page for a page of evil.example, and all requests to the same name for its own. The page of
    // such a site has no policy that forbids it to send them.
    const page = await openPage({ bypassCSP: true });
    await page.goto(`http://evil.example:${new URL(url).port}/docs`);
    expect(JSON.parse((await page.textContent('body')) ?? '')).toMatchObject({
      status: 421,
      code: 'misdirected_request',
    });
    expect(await fetchIn(page, '/schedule?doctor_id=doc1')).toMatchObject({ status: 421 });
    expect(await fetchIn(page, '/book', BOOKING)).toMatchObject({ status: 421 });
    expect(await opd.slot('2026-11-23')).toMatchObject({ seated: 0 });
  });

  it("the service's own page at /docs lists the routes and sends requests", async () => {
    const { url } = await openSite();
    const page = await openPageAt(`${url}/docs`);
    await page.waitForSelector('#operations-Tokens-book');
    expect(await fetchIn(page, '/book', BOOKING)).toMatchObject({ status: 201 });
  });
});
