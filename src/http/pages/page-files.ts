import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** The folder with the scripts and styles of the pages. */
const SOURCES = new URL('../../web/', import.meta.url);
const PACKAGES = new URL('../../../node_modules/', import.meta.url);

/** The packages that scripts import: the name in the import, and the file. A package is a module without imports, or imports these. */
const PACKAGE_FILES = {
  preact: 'preact/dist/preact.mjs',
  'preact/hooks': 'preact/hooks/dist/hooks.mjs',
  htm: 'htm/dist/htm.mjs',
  'qrcode-generator': 'qrcode-generator/dist/qrcode.mjs',
  uplot: 'uplot/dist/uPlot.iife.min.js',
} as const;

/** Packages of which the small file is a classic script that sets a variable: the line that makes a module of it. */
const MODULE_ENDS: Readonly<Record<string, string>> = { uplot: 'export default uPlot;\n' };

/** The styles of packages: the name of the package, and the file. */
const PACKAGE_STYLES = { uplot: 'uplot/dist/uPlot.min.css' } as const;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The encodings of a file, the smallest first. */
export const ENCODINGS = ['br', 'gzip'] as const;
type Encoding = (typeof ENCODINGS)[number];

const compress = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
} satisfies Record<Encoding, (bytes: Buffer) => Promise<Buffer>>;

/** The SHA-256 of some bytes in Base64, as a content security policy names a script by it. */
export const sha256 = (bytes: string | Buffer): string =>
  createHash('sha256').update(bytes).digest('base64');

/** A file as browsers get it. */
export class PageFile {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly etag: string;
  /** Each encoding is made once, when a browser first accepts it. */
  readonly #encoded = new Map<Encoding, Promise<Buffer>>();

  constructor(mediaType: string, text: string) {
    this.mediaType = mediaType;
    this.bytes = Buffer.from(text);
    this.etag = `W/"${sha256(this.bytes).slice(0, 22)}"`;
  }

  encoded(encoding: Encoding): Promise<Buffer> {
    const encoded = this.#encoded.get(encoding) ?? compress[encoding](this.bytes);
    this.#encoded.set(encoding, encoded);
    return encoded;
  }
}

/** All files that pages load. */
export interface PageFiles {
  /** A part of all URLs of the files. It is another one as soon as any file has changed, so browsers may keep the files for ever. */
  readonly version: string;
  /** By the path behind the version. */
  readonly byPath: ReadonlyMap<string, PageFile>;
  /** The path of each package by its name. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Reads the files of the pages. The types are stripped from the scripts, so that browsers understand them. */
export async function readPageFiles(): Promise<PageFiles> {
  const names = await readdir(SOURCES, { recursive: true });
  const own = names
    .filter((name) => extname(name) in MEDIA_TYPES && !name.endsWith('.d.ts'))
    .sort()
    .map((name) => ({ path: name, url: new URL(name, SOURCES), end: '' }));
  const packages = Object.fromEntries(
    Object.keys(PACKAGE_FILES).map((name) => [name, `packages/${name}.mjs`]),
  );
  const foreign = [
    ...Object.entries(PACKAGE_FILES).map(([name, file]) => ({
      path: packages[name] ?? '',
      url: new URL(file, PACKAGES),
      end: MODULE_ENDS[name] ?? '',
    })),
    ...Object.entries(PACKAGE_STYLES).map(([name, file]) => ({
      path: `packages/${name}.css`,
      url: new URL(file, PACKAGES),
      end: '',
    })),
  ];
  const files = await Promise.all(
    [...own, ...foreign].map(
      async ({ path, url, end }) =>
        [path, fileOf(path, await wordsIn(path, (await readFile(url, 'utf8')) + end))] as const,
    ),
  );
  const version = sha256(files.map(([path, { etag }]) => path + etag).join());
  return {
    version: Buffer.from(version, 'base64').toString('hex').slice(0, 16),
    byPath: new Map(files),
    packages,
  };
}

/** The file of a language, by the code of the language. */
const WORDS = /^words\/(\w+)\.ts$/;

/** The text of a file; that of a language gets the English words that it lacks, so that a page loads one language alone. */
async function wordsIn(path: string, text: string): Promise<string> {
  const code = WORDS.exec(path)?.[1];
  if (code === undefined) return text;
  const words = { ...(await wordsOf('en')), ...(await wordsOf(code)) };
  return `export const ${code} = ${JSON.stringify(words)};\n`;
}

async function wordsOf(code: string): Promise<object> {
  const file = (await import(new URL(`words/${code}.ts`, SOURCES).href)) as Record<string, object>;
  return file[code] ?? {};
}

/** Comments that have lines of their own, and blanks at both ends of a line: browsers need neither. */
const COMMENT_LINES = /^[ \t]*(?:\/\/.*|\/\*[^]*?\*\/[ \t]*)\n/gm;
const OUTER_BLANKS = /^\s+|[ \t]+$/gm;

/**
 * What browsers get of a file: no types, no comments and no indentation. Templates of `html` do not notice, because htm
 * leaves out the blanks around a line break. Files of packages stay whole, because they name their licences.
 */
function servedText(path: string, text: string): string {
  const extension = extname(path);
  if (extension !== '.ts' && extension !== '.css') return text;
  const script = extension === '.ts' ? stripTypeScriptTypes(text) : text;
  return script.replace(COMMENT_LINES, '').replace(OUTER_BLANKS, '');
}

function fileOf(path: string, text: string): PageFile {
  const extension = extname(path);
  return new PageFile(MEDIA_TYPES[extension] ?? '', servedText(path, text));
}
