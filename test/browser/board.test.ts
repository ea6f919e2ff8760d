import { describe, expect, it } from 'vitest';
import type { TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

const NOW = '2026-11-23T09:05:00Z';
const TEN = { slot_id: 'doc1_slot2' };

/** Books and checks in; returns the ids of the tokens. */
async function arrive(
  opd: TestApp,
  names: readonly string[],
  more: object = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const { id } = await opd.book(name, more);
    await postOk(opd, '/check-in', { token_id: id });
    ids.push(id);
  }
  return ids;
}

const callNext = (opd: TestApp, room: string) =>
  postOk(opd, '/call-next', { doctor_id: 'doc1', room, complete_current: true });

describe.skipIf(noBrowser !== null)(`the board in Chromium${needsBrowser}`, () => {
  it('shows whom the doctor sees, who is next, who was not there and who must check in', async () => {
    const { opd, url } = await openSite({ now: NOW });
    const [missed = ''] = await arrive(opd, ['W1 Marker Name', 'F2 Marker Name', 'P3 Marker Name']);
    await arrive(opd, ['E4 Marker Name', 'W5 Marker Name'], TEN);
    await opd.book('W6 Marker Name', TEN);
    await opd.book('W7 Marker Name');
    await postOk(opd, '/skip', { token_id: missed });
    await callNext(opd, '7');
    const page = await openPage();
    const faults = await watchPage(page);
    const bytes: string[] = [];
    page.on('response', (answer) => {
      // An answer of a page that was left meanwhile has no text any more.
      const read = answer.text().catch(() => '');
      void read.then((text) => bytes.push(text));
    });
    await page.goto(`${url}/board`);
    const panel = page.getByRole('region', { name: 'Dr. A (Cardiology)' });
    await panel.getByText('Room 7').waitFor();
    expect(await panel.locator('.now .number').allTextContents()).toEqual(['4']);
    expect(await panel.locator('.next .number').allTextContents()).toEqual(['3', '2', '5']);
    await panel.getByText('please go to the desk: 1').waitFor();
    await inspectPage(page, 'board-three');
    await page.goto(`${url}/board?doctor_id=doc1`);
    await panel.getByText('Room 7').waitFor();
    await inspectPage(page, 'board-one');
    expect(faults()).toEqual([]);
    expect(bytes.length).toBeGreaterThan(10);
    expect(bytes.join()).not.toContain('Marker');
  });

  it('shows a call within moments and without a reload', async () => {
    const { opd, url } = await openSite({ now: NOW });
    await arrive(opd, ['W1', 'W2']);
    const page = await openPage();
    await page.goto(`${url}/board?sound=off`);
    const panel = page.getByRole('region', { name: 'Dr. A (Cardiology)' });
    await panel.getByText('Waiting here: 2').waitFor();
    expect(await page.locator('.calling').count()).toBe(0);
    await callNext(opd, '3');
    await page.locator('.calling').getByText('Room 3').waitFor();
    await page.screenshot({ path: `${process.env['SCREENSHOTS'] ?? '/tmp'}/board-call.png` });
    // The call is over after a while.
    await page.locator('.calling').waitFor({ state: 'detached' });
  });

  it('says since when it has no connection, and comes back by itself', async () => {
    const { url } = await openSite({ now: NOW });
    const page = await openPage();
    await page.goto(`${url}/board`);
    await page.getByText('Dr. A (Cardiology)').waitFor();
    await page.context().setOffline(true);
    await page.getByText(/No connection since \d\d:\d\d\./).waitFor();
    await inspectPage(page, 'board-offline');
    expect(await page.getByText('Dr. A (Cardiology)').count()).toBe(1);
    await page.context().setOffline(false);
    await page.getByText(/No connection/).waitFor({ state: 'detached' });
  });
});
