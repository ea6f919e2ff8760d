import { existsSync } from 'node:fs';
import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';
import { inject, onTestFinished } from 'vitest';
import { CHROMIUM } from '../../../bench/lib/chromium.ts';

/** The reason why no test with a browser can run on this machine; null if they can. */
export const noBrowser = existsSync(CHROMIUM) ? null : `${CHROMIUM} is not installed`;
/** What the name of such a test says when it is skipped. */
export const needsBrowser = noBrowser === null ? '' : ` (skipped: ${noBrowser})`;

/**
 * Opens an empty page in the browser that all test files of a run share, with cookies and storage of its own. The page
 * is closed when the test ends. Every host name that ends with `.example` leads to this machine. The browser is in a time
 * zone in which no doctor of a test is, because a page must not show its times.
 */
export async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const answer = await fetch(inject('sharedBrowser'));
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Chromium does not start: ${text}`);
  const browser = await chromium.connect(text);
  onTestFinished(() => browser.close());
  const context = await browser.newContext({ timezoneId: 'Pacific/Kiritimati', ...options });
  // A deadline matters only when a test fails, and a busy machine needs more than the default of 30 s.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  // A page may ask for something that a test answers just when the test ends.
  onTestFinished(async () => {
    if (!page.isClosed()) await page.unrouteAll({ behavior: 'ignoreErrors' });
  });
  return page;
}
