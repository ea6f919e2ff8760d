import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { postOk } from '../support/app/front-desk.ts';
import type { TestApp } from '../support/app/app.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { watchBytes } from '../support/browser/read-bytes.ts';
import { openSite } from '../support/browser/site.ts';

const NOW = '2026-11-23T09:05:00Z';
const PUBLIC_URL = 'https://opd.hospital.example';

interface Linked {
  readonly id: string;
  readonly status_url?: string;
}

const bookOf = (opd: TestApp, name: string): Promise<Linked> => opd.book(name);

/** Opens the page of a booking. */
const openTicket = (page: Page, url: string, { status_url = '' }: Linked) =>
  page.goto(`${url}${new URL(status_url).pathname}?lang=en`);

/** Reads again at once, as the page does when the phone is taken out of the pocket. */
const look = (page: Page) => page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);

describe.skipIf(noBrowser !== null)(`the page of a patient in Chromium${needsBrowser}`, () => {
  it('shows number, place and time without a key, follows every change, and never gets a name', async () => {
    const { opd, url } = await openSite({ now: NOW, publicUrl: PUBLIC_URL });
    const others = [await bookOf(opd, 'W1 Marker'), await bookOf(opd, 'W2 Marker')];
    const own = await bookOf(opd, 'W3 Marker');
    // From now on every request for data needs a key.
    const desk = opd.as(await opd.key({ role: 'desk' }));
    const page = await openPage();
    const faults = await watchPage(page);
    const bytes = watchBytes(page);
    await openTicket(page, url, own);
    const ahead = page.locator('.facts dd').first();
    await page.getByText('Please check in at the desk when you arrive.').waitFor();
    expect(await page.locator('h1 .number').textContent()).toBe('3');
    expect(await ahead.textContent()).toBe('2');
    expect(await page.locator('.facts .time').textContent()).toMatch(
      /^(09|10):\d\d – (09|10):\d\d$/,
    );

    const shows = async (text: string): Promise<void> => {
      await look(page);
      await page.getByText(text).waitFor();
    };
    const more = await bookOf(desk, 'P4 Marker');
    await shows('A more urgent patient has got your seat.');
    await page.getByRole('button', { name: 'Cancel my appointment' }).click();
    await inspectPage(page, 'ticket-bumped');
    await postOk(desk, '/cancel', { token_id: more.id });
    await shows('Good news: you have a seat now.');
    await postOk(desk, '/doctors/doc1/delay', { date: '2026-11-23', minutes: 15 });
    await shows('The doctor is late by 15 minutes');
    await postOk(desk, '/check-in', { token_id: own.id });
    await shows('Please stay near.');
    for (const { id } of others) await postOk(desk, '/cancel', { token_id: id });
    await postOk(desk, '/call-next', { doctor_id: 'doc1', room: '7' });
    await shows('Please go to room 7.');
    await inspectPage(page, 'ticket-called');
    await postOk(desk, '/complete', { token_id: own.id });
    await shows('Your visit is over.');

    expect(faults()).toEqual([]);
    const received = await bytes();
    expect(received).toContain('"can_cancel"');
    expect(received).not.toContain('Marker');
  });

  it('cancels after a second question', async () => {
    const { opd, url } = await openSite({ now: NOW, publicUrl: PUBLIC_URL });
    const own = await bookOf(opd, 'W1');
    const page = await openPage();
    await openTicket(page, url, own);
    await page.getByRole('button', { name: 'Cancel my appointment' }).click();
    await page.getByRole('button', { name: 'No, I will come' }).click();
    await page.getByRole('button', { name: 'Cancel my appointment' }).click();
    await page.getByRole('button', { name: 'Yes, cancel' }).click();
    await page.getByText('Number 1 is not valid any more.').waitFor();
    expect(await page.getByRole('button', { name: /cancel/i }).count()).toBe(0);
    expect(await opd.get(`/tokens/${own.id}`)).toMatchObject({ body: { status: 'CANCELLED' } });
  });

  it('says when a link is not valid, and since when there is no connection', async () => {
    const { opd, url } = await openSite({ now: NOW, publicUrl: PUBLIC_URL });
    const page = await openPage();
    await page.goto(`${url}/t/x.yyyyyyyyyyyyyyyyyyyyyy?lang=en`);
    await page.getByText('This link is not valid.').waitFor();
    await openTicket(page, url, await bookOf(opd, 'W1'));
    await page.getByText('Please check in').waitFor();
    await page.context().setOffline(true);
    await look(page);
    await page.getByText(/No connection since \d\d:\d\d\./).waitFor();
    expect(await page.locator('h1 .number').textContent()).toBe('1');
    await page.context().setOffline(false);
    await page.getByText(/No connection/).waitFor({ state: 'detached' });
  });
});
