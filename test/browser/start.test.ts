import { describe, expect, it } from 'vitest';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

describe.skipIf(noBrowser !== null)(`the start page in Chromium${needsBrowser}`, () => {
  it('says that the service is ready, leads to the other pages, and needs no key', async () => {
    const { opd, url } = await openSite();
    await opd.key({ role: 'admin' });
    const page = await openPage();
    const faults = await watchPage(page);
    await page.goto(url);
    await page.getByText('The service is ready.').waitFor();
    for (const link of await page.locator('.cards a').all()) {
      const href = (await link.getAttribute('href')) ?? '';
      expect([href, (await opd.get(href)).status]).toEqual([href, 200]);
    }
    await inspectPage(page, 'start');
    expect(faults()).toEqual([]);
  });

  it('is shown in Hindi when the user chooses it, also the next time', async () => {
    const { url } = await openSite();
    const page = await openPage();
    await page.goto(url);
    await page.getByRole('button', { name: 'हिन्दी' }).click();
    await page.getByText('सेवा तैयार है।').waitFor();
    expect(await page.getAttribute('html', 'lang')).toBe('hi');
    await page.reload();
    await page.getByText('सेवा तैयार है।').waitFor();
    expect(await page.title()).toBe('ओपीडी टोकन');
  });

  it('says why the service is not ready', async () => {
    const { url } = await openSite({ started: false });
    const page = await openPage();
    await page.goto(url);
    await page.getByText('The service is not ready:').waitFor();
  });
});
