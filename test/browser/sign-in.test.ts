import { describe, expect, it } from 'vitest';
import { doctorId } from '../../src/engine/index.ts';
import { needsBrowser, noBrowser, openPage } from '../support/browser/browser.ts';
import { inspectPage, watchPage } from '../support/browser/inspect-page.ts';
import { openSite } from '../support/browser/site.ts';

const REVOKE_DISPLAY = { method: 'DELETE', url: '/keys/display' } as const;

describe.skipIf(noBrowser !== null)(`signing in with Chromium${needsBrowser}`, () => {
  it('is not asked for while the service serves everybody', async () => {
    const { url } = await openSite();
    const page = await openPage();
    await page.goto(`${url}/board`);
    await page.getByText('Dr. A (Cardiology)').waitFor();
    expect(await page.getByLabel('Access key').count()).toBe(0);
  });

  it('is asked for once there is a key, says what is wrong with a key, and is remembered', async () => {
    const { opd, url } = await openSite();
    const display = await opd.key({ role: 'display' });
    const kiosk = await opd.key({ role: 'kiosk' });
    const page = await openPage();
    await page.goto(`${url}/board`);
    const field = page.getByLabel('Access key');
    const enter = async (key: string): Promise<void> => {
      await field.fill(key);
      await field.press('Enter');
    };
    await field.waitFor();
    await inspectPage(page, 'sign-in');
    await enter('schlüssel');
    await page.getByText('This is not an access key.').waitFor();
    await enter('opd_0000');
    await page.getByText('does not accept this key').waitFor();
    await enter(kiosk);
    await page.getByText('one of these roles: display, desk, doctor, admin, auditor').waitFor();
    await enter(display);
    await page.getByText('Dr. A (Cardiology)').waitFor();
    const faults = await watchPage(page);
    await page.reload();
    await page.getByText('Dr. A (Cardiology)').waitFor();
    expect(faults()).toEqual([]);
    expect(await page.content()).not.toContain(display);
  });

  it('is not asked for by a board whose link has the key, which no request has in its URL', async () => {
    const { opd, url } = await openSite();
    const key = await opd.key({ role: 'display', doctorIds: [doctorId('doc2')] });
    const page = await openPage();
    const sent: string[] = [];
    page.on('request', (request) => sent.push(request.url(), request.headers()['referer'] ?? ''));
    await page.goto(`${url}/board#key=${key}`);
    await page.getByText('Dr. B (Orthopedics)').waitFor();
    expect(await page.getByRole('region').count()).toBe(1);
    expect(sent.join()).not.toContain(key);
    // Another window, such as a desk, does not get the key.
    expect(await page.evaluate('localStorage.length')).toBe(0);
    await page.reload();
    await page.getByText('Dr. B (Orthopedics)').waitFor();
    await opd.key({ role: 'admin' }).then((boss) => opd.as(boss).send(REVOKE_DISPLAY));
    await page.getByText('The key of this browser is no longer accepted.').waitFor();
    await page.getByLabel('Access key').fill(await opd.key({ role: 'display', name: 'new' }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Dr. A (Cardiology)').waitFor();
    expect(page.url()).toBe(`${url}/board`);
  });

  it('is asked for again when the key is revoked', async () => {
    const { opd, url } = await openSite();
    const admin = await opd.key({ role: 'admin' });
    const display = await opd.key({ role: 'display' });
    const page = await openPage();
    await page.goto(`${url}/board`);
    await page.getByLabel('Access key').fill(display);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Dr. A (Cardiology)').waitFor();
    await opd.as(admin).send(REVOKE_DISPLAY);
    await page.getByText('The key of this browser is no longer accepted.').waitFor();
    expect(await page.getByText('Dr. A (Cardiology)').count()).toBe(0);
  });
});
