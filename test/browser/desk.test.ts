import { describe, expect, it } from 'vitest';
import { bookAll, NINE, TEN } from '../support/app/front-desk.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

const NOW = '2026-11-23T09:05:00Z';

describe.skipIf(noBrowser !== null)(`the desk in Chromium${needsBrowser}`, () => {
  it('shows the day', async () => {
    const { opd, url } = await openSite({ now: NOW });
    const ids = await bookAll(opd, 'E1+ W2 O3! O4 P5');
    await bookAll(opd, 'W6 F7', TEN);
    const page = await openPage();
    const faults = await watchPage(page);
    await page.goto(`${url}/desk`);
    await page.locator('[data-token]').first().waitFor();
    await page.keyboard.press('Alt+n');
    await page.keyboard.type('2');
    await page.locator(`[data-token="${ids['E1'] ?? ''}"]`).click();
    await inspectPage(page, 'desk');
    expect(faults()).toEqual([]);
    expect(NINE).toBe(NINE);
  });
});
