import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import {
  createPrinter,
  createSourceFile,
  isTaggedTemplateExpression,
  isTemplateExpression,
  isTemplateLiteralToken,
  ScriptTarget,
  type Node,
  type SourceFile,
} from 'typescript';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PAGES } from '../../src/http/pages/page.ts';
import { readPageFiles } from '../../src/http/pages/page-files.ts';
import { en } from '../../src/web/words/en.ts';
import { hi } from '../../src/web/words/hi.ts';
import { openApp, type TestApp } from '../support/app/app.ts';

// The pages of the service as bytes. test/browser opens them.

const URLS = Object.keys(PAGES);

/** The URLs of all files that a page loads: what its document names, which is all that its scripts import. */
const filesOf = (document: string): string[] =>
  Array.from(document.matchAll(/(?:href|src)="(\/web\/[^"]+)"/g), ([, url = '']) => url);

/** The URLs of what a script loads later, when it needs it. */
const lazyFilesOf = (script: string, url: string, imports: Record<string, string>): string[] =>
  Array.from(
    script.matchAll(/\bimport\(["']([^"']+)["']\)/g),
    ([, specifier = '']) => imports[specifier] ?? new URL(specifier, `http://x${url}`).pathname,
  );

const importMapOf = (document: string): { imports: Record<string, string> } =>
  JSON.parse(/<script type="importmap">(.*)<\/script>/.exec(document)?.[1] ?? '') as {
    imports: Record<string, string>;
  };

const fetchAs = (opd: TestApp, url: string, headers: Record<string, string> = {}) =>
  opd.app.inject({ method: 'GET', url, headers });

it.each(URLS)(
  '%s and everything that it loads, at once and later, need less than 60 kB, compressed',
  async (url) => {
    const opd = await openApp();
    const { body } = await fetchAs(opd, url);
    const { imports } = importMapOf(body);
    // Files are added while the loop runs.
    const files = new Set([url, ...filesOf(body)]);
    const accepted = { 'accept-encoding': 'gzip, deflate, br' };
    let bytes = 0;
    const languages: number[] = [];
    for (const file of files) {
      const { statusCode, headers, rawPayload } = await fetchAs(opd, file, accepted);
      expect([file, statusCode, headers['content-encoding']]).toEqual([file, 200, 'br']);
      if (file.includes('/words/')) languages.push(rawPayload.length);
      else bytes += rawPayload.length;
      const script = brotliDecompressSync(rawPayload).toString();
      for (const later of lazyFilesOf(script, file, imports)) files.add(later);
    }
    // A page loads one language.
    const [own, ...others] = languages.sort((a, b) => b - a);
    expect(own).toBeGreaterThan(0);
    expect(others).not.toEqual([]);
    expect(bytes + (own ?? 0)).toBeLessThan(60_000);
    expect(filesOf(body).join()).not.toContain('/words/');
  },
);

it('the scripts are those of the sources without comments and indentation', async () => {
  const { byPath } = await readPageFiles();
  const printer = createPrinter({ removeComments: true });
  const partsOf = (script: SourceFile): string => printer.printFile(script).replace(/^\s+/gm, '');
  const scripts = [...byPath].filter(([path]) => /^(?!words).*\.ts$/.test(path));
  expect(scripts.length).toBeGreaterThan(50);
  for (const [path, { bytes }] of scripts) {
    const text = readFileSync(new URL(`../../src/web/${path}`, import.meta.url), 'utf8');
    const source = createSourceFile(path, stripTypeScriptTypes(text), ScriptTarget.Latest, true);
    const served = createSourceFile(path, bytes.toString(), ScriptTarget.Latest, true);
    expect(partsOf(served)).toBe(partsOf(source));
    expect([path, bytes.toString().match(/^\s*(\/\/|\/\*| )/m)]).toEqual([path, null]);
    expect([path, indentedTexts(source)]).toEqual([path, []]);
  }
});

it('a language has its words, and English ones where it lacks them', async () => {
  const has = hi['room.offline'];
  // The words of this language stay as they are for other tests, which share the file.
  onTestFinished(() => void Object.assign(hi, { 'room.offline': has }));
  delete hi['room.offline'];
  const { byPath } = await readPageFiles();
  const script = byPath.get('words/hi.ts')?.bytes.toString() ?? '';
  const words = JSON.parse(/{.*}/.exec(script)?.[0] ?? '') as object;
  expect(script).toMatch(/^export const hi = {/);
  expect(words).toEqual({ ...en, ...hi });
  expect(words).toMatchObject({ 'room.offline': en['room.offline'] });
});

/** The texts of several lines that are no templates of `html`: their indentation would matter. */
function indentedTexts(node: Node): string[] {
  if (isTaggedTemplateExpression(node) && node.tag.getText() === 'html')
    return isTemplateExpression(node.template)
      ? node.template.templateSpans.flatMap(({ expression }) => indentedTexts(expression))
      : [];
  if (isTemplateLiteralToken(node)) return node.getText().includes('\n') ? [node.getText()] : [];
  return node.getChildren().flatMap(indentedTexts);
}

it.each(URLS)('%s names every module that its scripts import', async (url) => {
  const opd = await openApp();
  const { body } = await fetchAs(opd, url);
  const { imports } = importMapOf(body);
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
