import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PAGES } from '../../src/http/pages/page.ts';
import { openApp, type TestApp } from '../support/app/app.ts';

// The pages of the service as bytes. test/browser opens them.

const URLS = Object.keys(PAGES);

/** The URLs of all files that a page loads: what its document names, which is all that its scripts import. */
const filesOf = (document: string): string[] =>
  Array.from(document.matchAll(/(?:href|src)="(\/web\/[^"]+)"/g), ([, url = '']) => url);

const fetchAs = (opd: TestApp, url: string, headers: Record<string, string> = {}) =>
  opd.app.inject({ method: 'GET', url, headers });

it.each(URLS)('%s and everything that it loads need less than 60 kB, compressed', async (url) => {
  const opd = await openApp();
  const { body } = await fetchAs(opd, url);
  let bytes = 0;
  for (const file of new Set([url, ...filesOf(body)])) {
    const answer = await fetchAs(opd, file, { 'accept-encoding': 'gzip, deflate, br' });
    expect([file, answer.statusCode, answer.headers['content-encoding']]).toEqual([
      file,
      200,
      'br',
    ]);
    bytes += answer.rawPayload.length;
  }
  expect(bytes).toBeLessThan(60_000);
});

it.each(URLS)('%s names every module that its scripts import', async (url) => {
  const opd = await openApp();
  const { body } = await fetchAs(opd, url);
  const { imports } = JSON.parse(
    /<script type="importmap">(.*)<\/script>/.exec(body)?.[1] ?? '',
  ) as {
    imports: Record<string, string>;
  };
  const files = filesOf(body);
  expect(files.filter((file) => file.endsWith('.ts')).length).toBeGreaterThan(5);
  for (const file of files.filter((name) => /\.m?(ts|js)$/.test(name))) {
    const { body: script } = await fetchAs(opd, file);
    for (const [, specifier = ''] of script.matchAll(/^import .*?from *["']([^"']+)["']/gms))
      expect(files).toContain(imports[specifier] ?? new URL(specifier, `http://x${file}`).pathname);
  }
});

it.each(URLS)(
  'the policy of %s lets only its own files and its own import map run',
  async (url) => {
    const opd = await openApp();
    const { headers, body } = await fetchAs(opd, url);
    const inline = /<script type="importmap">(.*)<\/script>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(inline).digest('base64');
    expect(headers).toMatchObject({
      'content-security-policy': `default-src 'none'; script-src 'self' 'sha256-${hash}'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  },
);

describe('a file of the pages', () => {
  const scriptOf = async (opd: TestApp): Promise<string> =>
    filesOf((await fetchAs(opd, '/')).body).find((url) => url.endsWith('/start/main.ts')) ?? '';

  it('has no types any more, and a URL that changes with the program', async () => {
    const opd = await openApp();
    const url = await scriptOf(opd);
    const { headers, body } = await fetchAs(opd, url.replace('start/main.ts', 'lib/time.ts'));
    expect(body).not.toContain(': string');
    expect(headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('is given under the URL of another program too, but not to be stored', async () => {
    const opd = await openApp();
    const url = (await scriptOf(opd)).replace(/\/web\/\w+/, '/web/earlier');
    expect(await fetchAs(opd, url)).toMatchObject({
      statusCode: 200,
      headers: { 'cache-control': 'no-cache' },
    });
  });

  it('is compressed as the browser can read it', async () => {
    const opd = await openApp();
    const url = await scriptOf(opd);
    const as = async (encoding: string) => {
      const { headers, rawPayload } = await fetchAs(opd, url, { 'accept-encoding': encoding });
      expect(headers['vary']).toBe('Accept-Encoding');
      return { encoding: headers['content-encoding'], bytes: rawPayload };
    };
    const [plain, zipped, brotli] = [await as('identity'), await as('gzip'), await as('br')];
    expect([plain.encoding, zipped.encoding, brotli.encoding]).toEqual([undefined, 'gzip', 'br']);
    expect(gunzipSync(zipped.bytes)).toEqual(plain.bytes);
    expect(brotliDecompressSync(brotli.bytes)).toEqual(plain.bytes);
  });

  it('is not sent again to a browser that has it', async () => {
    const opd = await openApp();
    for (const url of ['/', await scriptOf(opd)]) {
      const { headers } = await fetchAs(opd, url);
      const again = await fetchAs(opd, url, { 'if-none-match': String(headers.etag) });
      expect([again.statusCode, again.body]).toEqual([304, '']);
      const other = await fetchAs(opd, url, { 'if-none-match': 'W/"x"' });
      expect(other.statusCode).toBe(200);
    }
  });

  it.each(['x.ts', '../settings.ts', '..%2fsettings.ts', 'tsconfig.json', '', 'lib', 'packages/x'])(
    'no other file is read by %j',
    async (path) => {
      const opd = await openApp();
      expect(await opd.get(`/web/x/${path}`)).toMatchObject({
        status: 404,
        body: { code: 'route_not_found' },
      });
    },
  );
});

it('every answer of the interface is data: stored nowhere, and no document', async () => {
  const opd = await openApp();
  const data = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  };
  for (const url of [
    '/schedule?doctor_id=doc1',
    '/doctors',
    '/patient-types',
    '/health',
    '/nothing',
  ])
    expect(await opd.get(url)).toMatchObject({ headers: data });
  expect(await opd.post('/book', {})).toMatchObject({ status: 400, headers: data });
  expect(await opd.get('/openapi.json')).toMatchObject({
    headers: { 'cache-control': 'no-cache' },
  });
});
