import { buffer } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DATE, playDay } from '../support/app/report-day.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

/** The cells of a table, row by row, with the headings. */
const tableOf = async (page: Page, id: string): Promise<readonly (readonly string[])[]> => {
  const rows = await page.locator(`section[aria-labelledby=${id}] tr`).allInnerTexts();
  return rows.map((row) => row.split('\t').map((cell) => cell.trim()));
};

/** How many pixels of the plots of a section have a colour. */
const inkOf = (page: Page, id: string): Promise<number> =>
  page.evaluate<number>(`[...document.querySelectorAll('section[aria-labelledby=${id}] canvas')]
    .map((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)
    .reduce((sum, data) => sum + data.filter((value, index) => index % 4 === 3 && value > 0).length, 0)`);

describe.skipIf(noBrowser !== null)(`the reports in Chromium${needsBrowser}`, () => {
  it('shows a day as tables and plots, and saves it as a file', async () => {
    const { opd, url } = await openSite();
    await playDay(opd);
    await opd.advanceTo(`${DATE}T10:30:00Z`);
    const page = await openPage({ acceptDownloads: true });
    const faults = await watchPage(page);
    await page.goto(`${url}/reports?lang=en&from=${DATE}&doctor_id=doc1`);
    await page.getByText('Dr. A (Cardiology) ·').waitFor();
    await page.getByText('counted on 23 Nov, 10:30').waitFor();
    // The numbers of the day as test/service/report.test.ts has them by hand.
    expect(await tableOf(page, 'hours')).toEqual([
      ['Hour', 'Seats', 'Check-ins', 'Same-day bookings', 'Seen'],
      ['08:00', '0', '2', '5', '0'],
      ['09:00', '3', '0', '2', '1'],
    ]);
    expect(await tableOf(page, 'calls')).toContainEqual(['Emergency', '1', '30', '30']);
    expect(await tableOf(page, 'seats')).toEqual([
      ['Class', 'Patients', 'Median, minutes', '9 of 10 patients, minutes'],
      ['Emergency', '0', '–', '–'],
      ['Priority', '1', '50', '50'],
      ['Follow-up', '0', '–', '–'],
      ['Online', '0', '–', '–'],
      ['Walk-in', '1', '95', '95'],
      ['All', '2', '50', '95'],
    ]);
    expect(await tableOf(page, 'no-shows')).toEqual([
      ['Class', 'Mon'],
      ['Emergency', '0/1 (0%)'],
      ['Priority', '–'],
      ['Follow-up', '1/2 (50%)'],
      ['Online', '–'],
      ['Walk-in', '0/1 (0%)'],
      ['All', '1/4 (25%)'],
    ]);
    expect(await tableOf(page, 'bumps')).toContainEqual(['Walk-in', '4', '4']);
    for (const id of ['hours', 'calls', 'seats', 'no-shows', 'bumps'])
      expect([id, await inkOf(page, id)]).toEqual([
        id,
        expect.toSatisfy((ink) => Number(ink) > 500),
      ]);
    await inspectPage(page, 'reports');

    const saving = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download as CSV' }).click();
    const file = await saving;
    expect(file.suggestedFilename()).toBe(`opd-report-${DATE}.csv`);
    const { text } = await opd.send({
      ...{ method: 'GET', url: `/reports/range?from=${DATE}&to=${DATE}&doctor_id=doc1` },
      headers: { accept: 'text/csv' },
    });
    const saved = await buffer(await file.createReadStream());
    expect(saved.toString()).toBe(`\uFEFF${text}`);
    expect(faults()).toEqual([]);
  });

  it('adds up several days and doctors, and says beside the field what is wrong', async () => {
    const { opd, url } = await openSite();
    await opd.book('W1');
    const page = await openPage();
    await page.goto(`${url}/reports?lang=en&from=${DATE}&to=2026-11-24`);
    await page.getByText('All doctors (3) ·').waitFor();
    const days = await tableOf(page, 'days');
    expect(days.map((row) => row.slice(0, 4))).toEqual([
      ['Day', 'Seats', 'Patients with a seat', 'Bookings'],
      ['Mon, 23 Nov', '18', '1', '1'],
      ['Tue, 24 Nov', '18', '0', '0'],
    ]);
    await page.getByLabel('To', { exact: true }).fill('2026-11-22');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.locator('#to-fault').getByText('before the first one').waitFor();
    expect(await page.getByLabel('To', { exact: true }).getAttribute('aria-invalid')).toBe('true');
    expect(await page.locator('table').count()).toBe(0);
    await page.getByLabel('To', { exact: true }).fill(DATE);
    await page
      .getByLabel('Doctors', { exact: true })
      .selectOption({ label: 'Dr. B (Orthopedics)' });
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('Dr. B (Orthopedics) ·').waitFor();
    expect(new URL(page.url()).search).toBe(`?lang=en&from=${DATE}&to=${DATE}&doctor_id=doc2`);
    await page.goBack();
    await page.goBack();
    await page.getByText('All doctors (3) ·').waitFor();
  });

  it('begins with today, as the first doctor has it and not the machine', async () => {
    const { opd, url } = await openSite();
    // In the time zone of the browser it is the next day.
    await opd.advanceTo(`${DATE}T12:00:00Z`);
    const page = await openPage();
    const reads: string[] = [];
    page.on('request', (request) => reads.push(new URL(request.url()).pathname));
    await page.goto(`${url}/reports?lang=en`);
    await page.getByText('Mon, 23 Nov, 2026').waitFor();
    await page.getByRole('button', { name: 'Yesterday' }).click();
    await page.getByText('Sun, 22 Nov, 2026').waitFor();
    expect(await page.getByLabel('From', { exact: true }).inputValue()).toBe('2026-11-22');
    // The doctors, and the retired ones, are read once.
    expect(reads.filter((path) => path === '/doctors')).toHaveLength(2);
    // A report that was not answered is read again by the same choice.
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Today' }).click();
    await page.getByText('The service is not reached').waitFor();
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('Mon, 23 Nov, 2026').waitFor();
  });

  it('asks for a key of the office, and is in Hindi too', async () => {
    const { opd, url } = await openSite();
    const [desk, office] = [await opd.key({ role: 'desk' }), await opd.key({ role: 'auditor' })];
    const page = await openPage();
    await page.goto(`${url}/reports?lang=en&from=${DATE}`);
    await page.getByLabel('Access key').fill(desk);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('admin, auditor').waitFor();
    await page.getByLabel('Access key').fill(office);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Arrivals and seats over the day').waitFor();
    await page.getByRole('button', { name: 'हिन्दी' }).click();
    await page.getByText('दिन भर में आगमन और सीटें').waitFor();
  });
});
