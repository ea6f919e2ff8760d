import { expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app/app.ts';

/** What a page loads: scripts, styles, images, frames and whatever a style sheet names. */
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

it('serves a page to read and try the service, with all that it loads', async () => {
  const opd = await openApp();
  const assets = loadedBy(await pageOf(opd));
  expect(assets.filter((url) => url.endsWith('.js')).length).toBeGreaterThanOrEqual(2);
  expect(assets.filter((url) => url.endsWith('.css')).length).toBeGreaterThanOrEqual(1);
  for (const url of assets) expect([url, (await opd.get(url)).status]).toEqual([url, 200]);
});

it('loads nothing from another host', async () => {
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

it('shows the description that /openapi.json gives', async () => {
  const opd = await openApp();
  const [shown, given] = [await opd.get('/docs/json'), await opd.get('/openapi.json')];
  expect(shown.body).toEqual(given.body);
});
