import { describe, expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import type { TestApp } from '../support/app/app.ts';
import { postOk } from '../support/app/front-desk.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

const NOW = '2026-11-23T09:05:00Z';

/** Books patients of whom all have checked in whose name ends with `+`. Returns the ids of the tokens. */
async function arrive(opd: TestApp, names: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const { id } = await opd.book(name);
    if (name.endsWith('+')) await postOk(opd, '/check-in', { token_id: id });
    ids.push(id);
  }
  return ids;
}

const statusesOf = async (opd: TestApp, ids: readonly string[]): Promise<string[]> => {
  const statuses: string[] = [];
  for (const id of ids)
    statuses.push((await opd.get<{ status: string }>(`/tokens/${id}`)).body.status);
  return statuses;
};

describe.skipIf(noBrowser !== null)(`the page of a doctor in Chromium${needsBrowser}`, () => {
  it('calls, completes, skips and takes a break with the key of the doctor', async () => {
    const { opd, url } = await openSite({ now: NOW });
    const ids = await arrive(opd, ['W1 Asha Rao+', 'E2 Ben Ortiz+', 'P3 Chen Li+']);
    const key = await opd.key({ role: 'doctor', doctorIds: [doctorId('doc1')] });
    const reader = opd.as(await opd.key({ role: 'auditor' }));
    const page = await openPage();
    const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
    const now = page.locator('.current');
    await page.goto(`${url}/room?lang=en`);
    await page.getByLabel('Access key').fill(key);
    await press('Sign in');
    const faults = await watchPage(page);
    await page.getByText('Ben Ortiz').waitFor();
    expect(await page.getByRole('button', { name: 'Another doctor' }).count()).toBe(0);

    // The second tap does not complete the patient whom the first one calls.
    await page.getByRole('button', { name: 'Call next' }).dblclick();
    await now.getByText('Ben Ortiz').waitFor();
    await page.getByText('Chen Li').waitFor();
    await press('10 min');
    await page.getByText('Break until').waitFor();
    await inspectPage(page, 'room');
    await press('End the break');
    await page.getByRole('button', { name: '10 min' }).waitFor();
    await press('Done, call next');
    await now.getByText('Chen Li').waitFor();
    expect(await statusesOf(reader, ids)).toEqual([
      ...['CHECKED_IN', 'COMPLETED', 'IN_CONSULTATION'],
    ]);
    await press('Not there, call next');
    await now.getByText('Asha Rao').waitFor();
    expect(await statusesOf(reader, ids)).toEqual(['IN_CONSULTATION', 'COMPLETED', 'SKIPPED']);
    await press('Done');
    await now.getByText('Nobody').waitFor();
    expect(faults()).toEqual([]);
    await press('Call next');
    await page.getByText('Nobody who has checked in is waiting.').waitFor();
  });

  it('offers a key for several doctors these alone', async () => {
    const { opd, url } = await openSite({ now: NOW });
    const doctorIds = ['doc3', 'doc1', 'left-long-ago'].map(doctorId);
    const key = await opd.key({ role: 'doctor', doctorIds });
    const page = await openPage();
    await page.goto(`${url}/room?lang=en`);
    await page.getByLabel('Access key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Which doctor are you?').waitFor();
    const names = page.locator('.cards button');
    expect(await names.allTextContents()).toEqual([
      expect.stringContaining('Dr. A'),
      expect.stringContaining('Dr. C'),
    ]);
    await names.last().click();
    await page.getByText('Nobody has checked in.').waitFor();
    await page.getByRole('button', { name: 'Another doctor' }).click();
    await names.first().waitFor();
  });

  it('shows what a desk does, and works by the keyboard alone', async () => {
    const { opd, url } = await openSite({ now: NOW });
    const page = await openPage();
    await page.goto(`${url}/room?doctor_id=doc1&lang=en`);
    await page.getByText('Nobody has checked in.').waitFor();
    const [first = ''] = await arrive(opd, ['W1 Asha Rao']);
    await page.getByText('Booked, not here yet').waitFor();
    await postOk(opd, '/check-in', { token_id: first });
    await page.getByText('Asha Rao').waitFor();
    await page.getByRole('button', { name: 'Call next' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.current').getByText('Asha Rao').waitFor();
    // The buttons wait for a moment after each command.
    await page.locator('[aria-disabled=true]').first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Not there', exact: true }).focus();
    await page.keyboard.press('Space');
    await page.getByText('Called, not there').waitFor();
    expect(await statusesOf(opd, [first])).toEqual(['SKIPPED']);
  });

  it('calls into the room of its URL when the doctor has several', async () => {
    const { opd, url } = await openSite({ now: NOW });
    const { body } = await opd.get<Record<string, unknown>>('/doctors/doc1');
    const { name, department, time_zone, sessions } = body;
    const facts = { name, time_zone, sessions, rooms: 2, ...(department ? { department } : {}) };
    expect(await opd.put('/doctors/doc1', facts)).toMatchObject({ status: 200 });
    const ids = await arrive(opd, ['W1 Asha Rao+', 'W2 Ben Ortiz+']);
    await postOk(opd, '/call-next', { doctor_id: 'doc1', room: '1' });
    const page = await openPage();
    await page.goto(`${url}/room?doctor_id=doc1&lang=en`);
    await page.getByText('Enter the number of your room').waitFor();
    await page.getByLabel('Room').fill('2');
    await page.getByLabel('Room').press('Enter');
    await page.getByText('Ben Ortiz').waitFor();
    expect(await page.locator('.current').textContent()).toContain('Nobody');
    await page.getByRole('button', { name: 'Call next' }).click();
    await page.locator('.current').getByText('Ben Ortiz').waitFor();
    expect(new URL(page.url()).searchParams.get('room')).toBe('2');
    expect(await opd.get(`/tokens/${ids[1] ?? ''}`)).toMatchObject({ body: { room: '2' } });
  });
});
