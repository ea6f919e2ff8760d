import { pagePolicy } from '../security-headers.ts';
import { PageFile, sha256, type PageFiles } from './page-files.ts';

/** A page of the service. */
export interface PageKind {
  /** The title until the script of the page sets one in the language of the user. */
  readonly title: string;
  /** The folder in `src/web`: it has `main.ts`, and perhaps `style.css`. */
  readonly folder: string;
  /** Styles of packages that it uses, by their names in `PACKAGE_STYLES`. */
  readonly packageStyles?: readonly string[];
}

/** The pages by their URLs. They hold no data: a page asks for its data with the key of its user. */
export const PAGES = {
  '/': { title: 'OPD tokens', folder: 'start' },
  '/board': { title: 'Waiting room', folder: 'board' },
  '/desk': { title: 'Front desk', folder: 'desk' },
  '/room': { title: 'Consulting room', folder: 'room' },
  '/reports': { title: 'Reports', folder: 'reports', packageStyles: ['uplot'] },
  '/t/:ticket': { title: 'My token', folder: 'ticket' },
} as const satisfies Readonly<Record<string, PageKind>>;

/** The document of a page. Its script makes everything that the page shows. */
export class PageDocument extends PageFile {
  /** The content security policy. */
  readonly policy: string;

  constructor({ title, folder, packageStyles = [] }: PageKind, files: PageFiles) {
    const urlOf = (path: string): string => `/web/${files.version}/${path}`;
    const imports = Object.fromEntries(
      Object.entries(files.packages).map(([name, path]) => [name, urlOf(path)]),
    );
    const importMap = JSON.stringify({ imports });
    const main = `${folder}/main.ts`;
    const styles = [
      ...packageStyles.map((name) => `packages/${name}.css`),
      ...['style/style.css', `${folder}/style.css`].filter((path) => files.byPath.has(path)),
    ];
    const lines = [
      '<!doctype html>',
      '<html lang="en">',
      '<meta charset="utf-8">',
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      '<meta name="color-scheme" content="light dark">',
      `<title>${title}</title>`,
      `<link rel="icon" href="${urlOf('style/icon.svg')}">`,
      ...styles.map((path) => `<link rel="stylesheet" href="${urlOf(path)}">`),
      `<script type="importmap">${importMap}</script>`,
      ...modulesOf(main, files).map((path) => `<link rel="modulepreload" href="${urlOf(path)}">`),
      `<script type="module" src="${urlOf(main)}"></script>`,
      '<noscript>This page needs JavaScript.</noscript>',
      '<div id="app"></div>',
      '</html>',
    ];
    super('text/html; charset=utf-8', `${lines.join('\n')}\n`);
    this.policy = pagePolicy([`sha256-${sha256(importMap)}`]);
  }
}

const IMPORT = /\b(?:from|import)\s*["']([^"']+)["']/g;

/**
 * The modules that a module imports, directly or through others, and itself. A page names them all, because a browser
 * would otherwise find each only when it has read the one that imports it.
 */
export function modulesOf(path: string, { byPath, packages }: PageFiles): readonly string[] {
  const found = new Set<string>();
  const visit = (module: string): void => {
    const file = byPath.get(module);
    if (file === undefined || found.has(module)) return;
    found.add(module);
    for (const [, specifier = ''] of file.bytes.toString().matchAll(IMPORT))
      visit(packages[specifier] ?? new URL(specifier, `file:///${module}`).pathname.slice(1));
  };
  visit(path);
  return [...found];
}
