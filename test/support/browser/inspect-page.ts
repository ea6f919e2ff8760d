import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { isThorough, seed } from '../seed.ts';

/** The folder that gets a picture of each page. `SCREENSHOTS` sets one that stays after the run. */
const PICTURES = process.env['SCREENSHOTS'] ?? join(tmpdir(), 'opd-pages');

/** A desktop and a phone, in CSS pixels. */
const [DESKTOP, PHONE] = [
  { width: 1_280, height: 800 },
  { width: 390, height: 844 },
];
/** Two pairs of looks. Each pair has both colours and both sizes. */
const PAIRS = [
  [['light', DESKTOP] as const, ['dark', PHONE] as const],
  [['dark', DESKTOP] as const, ['light', PHONE] as const],
];
/** Both pairs in a thorough run and for pictures, otherwise one of them, because each look takes half a second. */
const LOOKS =
  isThorough || process.env['SCREENSHOTS'] !== undefined
    ? PAIRS.flat()
    : (PAIRS[seed % PAIRS.length] ?? []);

// Scripts for the browser are texts here, because the types of the tests know no window.
const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) =>
  console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`;
const RUN_AXE = `axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
})`;

/**
 * Collects what a page does wrong: errors of its scripts and of the console, and what its content security policy
 * forbids. It is called before the page is opened.
 * @returns gives everything that was found so far
 */
export async function watchPage(page: Page): Promise<() => readonly string[]> {
  const found: string[] = [];
  page.on('pageerror', (error) => found.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') found.push(message.text());
  });
  await page.addInitScript({ content: REPORT_VIOLATIONS });
  return () => found;
}

/** What axe-core says against the page as it is now: the rule and the first element of each violation. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  // Not as a script of the page, because the policy of the page forbids it.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(RUN_AXE);
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`);
}

/** Takes a picture of a page as it is now. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

/**
 * Checks the accessibility of a page in light and dark, on a desktop and a phone, that nothing of it is wider than the
 * screen, and takes a picture of each.
 * @param name of the pictures
 */
export async function inspectPage(page: Page, name: string): Promise<void> {
  for (const [colorScheme, size] of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    const look = `${name}-${colorScheme}-${size.width}`;
    await takePicture(page, look);
    expect([look, await faultsOf(page)]).toEqual([look, []]);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect([look, width]).toEqual([look, size.width]);
  }
}
