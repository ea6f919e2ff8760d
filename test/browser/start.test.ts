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

  it('is loaded anew when the service has another version, but not under the hands of a user', async () => {
    const { opd, url } = await openSite();
    await opd.key({ role: 'admin' });
    const page = await openPage();
    await page.clock.install();
    let asked = 0;
    let loads = 0;
    page.on('load', () => (loads += 1));
    await page.route(`${url}/board`, async (route) => {
      if (route.request().resourceType() !== 'fetch') return route.continue();
      asked += 1;
      const response = await route.fetch();
      const text = await response.text();
      return route.fulfill({ response, body: text.replaceAll(/\/web\/\w+/g, '/web/upgraded') });
    });
    /** Lets so many answers come that name another version. */
    const askTimes = async (times: number): Promise<void> => {
      for (const until = asked + times; asked < until;) {
        const answered = page.waitForResponse(`${url}/board`);
        await page.clock.fastForward(31_000);
        await answered;
      }
    };
    await page.goto(`${url}/board`);
    // A form that is half filled is not lost.
    await page.getByLabel('Access key').pressSequentially('opd_');
    await askTimes(5);
    expect(loads).toBe(1);
    expect(await page.getByLabel('Access key').inputValue()).toBe('opd_');
    await page.evaluate('document.forms[0].reset()');
    const loaded = page.waitForEvent('load');
    await askTimes(1);
    await loaded;
    // One answer of an instance that was not upgraded yet says nothing.
    await askTimes(2);
    expect(loads).toBe(2);
  });

  it('says why the service is not ready', async () => {
    const { url } = await openSite({ started: false });
    const page = await openPage();
    await page.goto(url);
    await page.getByText('The service is not ready:').waitFor();
  });
});
