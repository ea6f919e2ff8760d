import { describe, expect, it } from 'vitest';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';
import { eventually } from '../support/eventually.ts';

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
    let isUpgraded = (): boolean => asked % 2 === 0;
    page.on('load', () => (loads += 1));
    await page.route(`${url}/board`, async (route) => {
      if (route.request().resourceType() !== 'fetch') return route.continue();
      const response = await route.fetch();
      const text = await response.text();
      const body = isUpgraded() ? text.replaceAll(/\/web\/\w+/g, '/web/upgraded') : text;
      asked += 1;
      return route.fulfill({ response, body });
    });
    /** Lets the clock of the page run on until a condition holds. A page that is just loaded has no clock. */
    const runUntil = (condition: () => boolean): Promise<void> =>
      eventually(async () => {
        await page.clock.fastForward(31_000).catch(() => undefined);
        return condition();
      });
    const askTimes = (times: number): Promise<void> => {
      const until = asked + times;
      return runUntil(() => asked >= until);
    };
    await page.goto(`${url}/board`);
    // While an old and a new instance answer in turn, nothing happens.
    await askTimes(6);
    isUpgraded = () => true;
    // A form that is half filled is not lost.
    await page.getByLabel('Access key').pressSequentially('opd_');
    await askTimes(5);
    expect(await page.getByLabel('Access key').inputValue()).toBe('opd_');
    expect(loads).toBe(1);
    await page.evaluate('document.forms[0].reset()');
    await runUntil(() => loads === 2);
  });

  it('says why the service is not ready', async () => {
    const { url } = await openSite({ started: false });
    const page = await openPage();
    await page.goto(url);
    await page.getByText('The service is not ready:').waitFor();
  });
});
