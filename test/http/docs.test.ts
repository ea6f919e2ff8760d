import { expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app/app.ts';

/** The URLs that a page or a style sheet loads: scripts, styles, images, frames and fonts. */
const loadedBy = (text: string): string[] =>
  [
    ...text.matchAll(/<(?:script|img|iframe|source)[^>]*\ssrc="([^"]+)"/g),
    ...text.matchAll(/<link[^>]*\shref="([^"]+)"/g),
    ...text.matchAll(/url\(["']?([^"')]+)/g),
    ...text.matchAll(/@import\s+["']([^"']+)/g),
  ].map(([, url = '']) => url);

const pageOf = async (opd: TestApp): Promise<string> => {
  const { status, headers, text } = await opd.get('/docs');
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  return text;
};

it('/docs serves a page to read about and try the service, and every file that the page loads', async () => {
  const opd = await openApp();
  const assets = loadedBy(await pageOf(opd));
  expect(assets.filter((url) => url.endsWith('.js')).length).toBeGreaterThanOrEqual(2);
  expect(assets.filter((url) => url.endsWith('.css')).length).toBeGreaterThanOrEqual(1);
  for (const url of assets) expect([url, (await opd.get(url)).status]).toEqual([url, 200]);
});

it('the page loads nothing from another host', async () => {
  const opd = await openApp();
  const page = await pageOf(opd);
  const assets = loadedBy(page);
  const styles = assets.filter((url) => url.endsWith('.css'));
  const texts = [
    page,
    ...(await Promise.all(styles.map(async (url) => (await opd.get(url)).text))),
  ];
  for (const url of texts.flatMap(loadedBy)) expect(url).toMatch(/^(\/docs\/|data:)/);
  expect(page).not.toMatch(/https?:/);
  const start = await opd.get('/docs/static/swagger-initializer.js');
  // Without this line the page would ask a public service whether the description is valid.
  expect(start.text).toMatch(/validatorUrl: null/);
  expect(start.text.replaceAll(/\/\/ .*$/gm, '')).not.toMatch(/https?:\/\//);
});

it('the page shows the same description as /openapi.json', async () => {
  const opd = await openApp();
  const [shown, given] = [await opd.get('/docs/json'), await opd.get('/openapi.json')];
  expect(shown.body).toEqual(given.body);
});
