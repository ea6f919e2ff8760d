import { describe, expect, it } from 'vitest';
import { doctorId, NEW_DOCTOR, NEW_SESSION, sessionId, WEEKDAYS } from '../../src/engine/index.ts';
import type { TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, takePicture, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

const NOW = '2026-11-23T09:05:00Z';
const TEN = { slot_id: 'doc1_slot2' };

/** Whether the page is as high as the screen, and no panel has more than it shows. */
const FITS = `document.documentElement.scrollHeight <= innerHeight &&
  [...document.querySelectorAll('.doctor')].every((panel) => panel.scrollHeight <= panel.clientHeight)`;

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
    expect(await panel.locator('footer strong').allTextContents()).toEqual([
      'Waiting here: 3',
      '1',
      '6',
    ]);
    expect(await page.evaluate(FITS)).toBe(true);
    await inspectPage(page, 'board-three');
    await page.goto(`${url}/board?doctor_id=doc1`);
    await panel.getByText('Room 7').waitFor();
    expect(await page.evaluate(FITS)).toBe(true);
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

  it('shows one page of doctors after the other, in Hindi, with the announcement', async () => {
    const sessions = [
      {
        ...NEW_SESSION,
        id: '',
        weekdays: [...WEEKDAYS],
        start: '09:00',
        end: '10:00',
        capacity: 9,
      },
    ];
    const roster = Array.from({ length: 8 }, (_, index) => ({
      ...NEW_DOCTOR,
      ...{ id: doctorId(`d${index + 1}`), name: `Dr. ${index + 1}`, department: 'Eye' },
      timeZone: 'UTC',
      rooms: index === 0 ? 2 : 1,
      sessions: sessions.map((session) => ({ ...session, id: sessionId(`s${index + 1}`) })),
    }));
    const { opd, url } = await openSite({ now: NOW, roster });
    for (let doctor = 1; doctor <= 8; doctor += 1) {
      const where = { doctor_id: `d${doctor}`, slot_id: `s${doctor}` };
      const names = ['W1', 'E2', 'F3', 'P4', 'O5', 'W6', 'F7'];
      const ids = await arrive(opd, doctor === 1 ? names : names.slice(0, doctor), where);
      if (doctor === 1) await postOk(opd, '/skip', { token_id: ids[0] });
      await postOk(opd, '/call-next', { doctor_id: `d${doctor}`, room: `${doctor}` });
    }
    await opd.put('/announcement', { text: 'प्रयोगशाला आज 12 बजे बंद होगी।' });
    await postOk(opd, '/doctors/d2/break', { minutes: 15 });
    await postOk(opd, '/doctors/d3/delay', { date: '2026-11-23', minutes: 20 });
    await opd.book('W8', { doctor_id: 'd1', slot_id: 's1' });
    await postOk(opd, '/call-next', { doctor_id: 'd1', room: '21' });
    await postOk(opd, '/slots/s4@2026-11-23/close', { reason: 'ill' });
    const page = await openPage({ viewport: { width: 1_920, height: 1_080 } });
    const faults = await watchPage(page);
    await page.goto(`${url}/board?department=Eye&lang=hi`);
    await page.getByText('पृष्ठ 1 / 2').waitFor();
    expect(await page.locator('.doctor').count()).toBe(4);
    // A screen on a wall cannot be scrolled.
    expect(await page.evaluate(FITS)).toBe(true);
    await page.getByText('प्रयोगशाला').waitFor();
    await page.getByText('20 मिनट की देरी').waitFor();
    await page.getByText('बंद है').waitFor();
    await takePicture(page, 'board-tv');
    await inspectPage(page, 'board-eight-hindi');
    // A call brings its doctor to the screen at once, also when the other page is shown.
    await page.setViewportSize({ width: 1_920, height: 1_080 });
    await postOk(opd, '/call-next', { doctor_id: 'd8', room: '12', complete_current: true });
    await page.locator('.calling').getByText('कमरा 12').waitFor();
    // An old screen is 4:3: the panels of few doctors have the largest numbers.
    await page.setViewportSize({ width: 1_024, height: 768 });
    for (const shown of ['d1', 'd1&doctor_id=d3', 'd1&doctor_id=d3&doctor_id=d2']) {
      await page.goto(`${url}/board?doctor_id=${shown}`);
      await page.locator('.doctor').first().waitFor();
      expect(await page.evaluate(FITS), shown).toBe(true);
    }
    expect(faults()).toEqual([]);
  });
});
