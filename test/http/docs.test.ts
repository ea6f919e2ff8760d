import { expect, it } from 'vitest';
import { openApp, type TestApp } from '../support/app/app.ts';
import { listen } from '../support/app/sockets.ts';

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

it.each([
  '/docs/static/%2e%2e/x',
  '/docs/static/%2e%2e/%2e%2e/package.json',
  '/docs/static/../../package.json',
  '/docs/static/..%2f..%2fpackage.json',
  '/docs/static/..%5c..%5cpackage.json',
  '/docs/static/%2e%2e',
  '/docs/static//etc/passwd',
  '/docs/static/a%00b',
  `/docs/static/${'x'.repeat(300)}`,
])('no file outside of the page is read by %s', async (path) => {
  // By a socket, because other clients shorten the path before they send it.
  const clients = await listen(await openApp());
  const answer = await clients.exchange(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 404 .*"code":"route_not_found"/s);
});

it.each([
  ['range', 'bytes=999999-'],
  ['if-match', '"x"'],
  ['if-unmodified-since', 'Mon, 01 Jan 1990 00:00:00 GMT'],
])(
  'a file of the page with a condition that it does not fulfil gets 400: %s',
  async (name, value) => {
    const opd = await openApp();
    const url = '/docs/static/index.css';
    const answer = await opd.send({ method: 'GET', url, headers: { [name]: value } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  },
);
