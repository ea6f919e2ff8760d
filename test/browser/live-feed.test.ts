import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { openSite } from '../support/browser/site.ts';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/postgres/postgres.ts';
import { freePort } from '../../bench/lib/free-port.ts';
import { startServer } from '../support/process/server-process.ts';

/** Milliseconds on the page's clock after which it reads anew without a change. */
const READ_MAX_MS = 10_000;

const now = (page: Page): Promise<number> => page.evaluate(() => performance.now());

/**
 * Lets the page's clock go on in steps of so many milliseconds until a condition holds.
 * @returns how far the clock went on, in milliseconds
 */
async function runUntil(
  page: Page,
  stepMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<number> {
  const started = await now(page);
  await eventually(async () => {
    await page.clock.runFor(stepMs);
    return condition();
  });
  return (await now(page)) - started;
}

async function announce(url: string, text: string): Promise<void> {
  const answer = await fetch(`${url}/announcement`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  expect(answer.status).toBe(200);
}

describe.skipIf(noBrowser !== null)(`the live feed of a page in Chromium${needsBrowser}`, () => {
  it('one stream without names tells the page of changes, none is open while the page is hidden, and the page reads every second while there is none', async () => {
    const { opd, url } = await openSite();
    const { eventFeed } = opd.service;
    const isOpen = () => eventFeed.subscriberCount === 1;
    const page = await openPage();
    const requests: string[] = [];
    page.on('request', (request: Request) => {
      const { pathname, search } = new URL(request.url());
      requests.push(pathname + search);
    });
    const reads = () => requests.filter((path) => path === '/queue').length;
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    const shows = (text: string) => async () => (await page.getByText(text).count()) > 0;
    await page.goto(`${url}/board`);
    await runUntil(page, 20, isOpen);
    expect(requests.filter((path) => path.startsWith('/events'))).toEqual([
      '/events?detail=numbers',
    ]);
    // The page reads once more when the stream has opened, and then waits for a change.
    await runUntil(page, 20, () => reads() === 2);
    await page.clock.runFor(READ_MAX_MS / 2);
    expect(reads()).toBe(2);
    await opd.put('/announcement', { text: 'First' });
    expect(await runUntil(page, 5, shows('First'))).toBeLessThan(READ_MAX_MS / 2);

    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await hide(true);
    await eventually(() => eventFeed.subscriberCount === 0);
    await hide(false);
    await eventually(isOpen);

    await page.route('**/events?*', (route) => route.fulfill({ status: 503, body: '' }));
    opd.app.server.closeAllConnections();
    await eventually(() => eventFeed.subscriberCount === 0);
    const before = reads();
    // The page may learn of the end of its stream only after its clock has gone on.
    expect(await runUntil(page, 20, () => reads() > before + 1)).toBeLessThan(READ_MAX_MS / 2);
    await opd.put('/announcement', { text: 'Second' });
    await runUntil(page, 20, shows('Second'));
    await page.unroute('**/events?*');
    await runUntil(page, 1_000, isOpen);
  });

  it('a page shows what another process does, goes on when that is killed, and comes back when its own one is', async () => {
    const { url } = await createDatabase();
    const settings = { DATABASE_URL: url };
    const ofPage = { ...settings, PORT: await freePort() };
    const [own, other] = await Promise.all([startServer(ofPage), startServer(settings)]);
    const page = await openPage();
    await page.goto(`${own.url}/board`);
    await announce(other.url, 'One');
    await page.getByText('One').waitFor();
    await other.stop('SIGKILL');
    await announce(own.url, 'Two');
    await page.getByText('Two').waitFor();
    await own.stop('SIGKILL');
    await page.getByText(/No connection since \d\d:\d\d/).waitFor();
    const again = await startServer(ofPage);
    await announce(again.url, 'Three');
    await page.getByText('Three').waitFor();
    await page.getByText(/No connection/).waitFor({ state: 'detached' });
    await page.close();
    await again.stop();
  });
});
