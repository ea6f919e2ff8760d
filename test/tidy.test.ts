import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The layers that each layer may import from, besides itself. The imports go one way. */
const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  background: [],
  telemetry: [],
  metrics: ['telemetry'],
  tracing: ['telemetry'],
  store: ['engine', 'background', 'telemetry'],
  audit: ['engine', 'store'],
  transfer: ['engine', 'store', 'audit'],
  service: ['engine', 'background', 'telemetry', 'store'],
  webhooks: ['engine', 'background', 'telemetry', 'store', 'service'],
  'booking-import': ['service'],
  http: ['engine', 'background', 'telemetry', 'service', 'webhooks'],
  web: [],
  settings: ['store'],
  main: [
    ...['engine', 'background', 'telemetry', 'metrics', 'tracing', 'store', 'service', 'http'],
    ...['webhooks', 'settings', 'cli'],
  ],
  cli: [
    ...['engine', 'background', 'telemetry', 'store', 'audit', 'transfer', 'service', 'settings'],
    ...['booking-import', 'webhooks'],
  ],
};
/** Whether the file starts a process. Only such files may use `process`. */
const isProcess = (file: string): boolean => file === 'src/main.ts' || file.startsWith('src/cli/');
const LINES_MAX = 400;

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name))
    .sort();

const SOURCES = filesIn('src');
const ALL = [...SOURCES, ...filesIn('test'), ...filesIn('bench')];

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const parsed = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true);

/** The specifiers of everything that a file imports, re-exports or loads, including types. */
const importsOf = (file: string): string[] => {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isModule = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
    const [called] =
      ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments
        : [];
    const specifier = isModule ? node.moduleSpecifier : called;
    if (specifier !== undefined) found.push(specifier.getText().slice(1, -1));
    ts.forEachChild(node, visit);
  };
  visit(parsed(file));
  return found;
};

/** All identifiers of a file except property names. Global names are among them. */
const globalsOf = (file: string): Set<string> => {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isName =
      ts.isIdentifier(node) &&
      !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) &&
      !(ts.isPropertyAssignment(node.parent) && node.parent.name === node) &&
      !ts.isPropertySignature(node.parent);
    if (isName) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(parsed(file));
  return names;
};

const layerOf = (file: string): string => file.split('/')[1]?.replace(/\.ts$/, '') ?? '';

const importedLayer = (file: string, specifier: string): string =>
  layerOf(relative(ROOT, join(ROOT, dirname(file), specifier)));

/** Every breach that `find` returns for these files, after the name of its file. */
const breaches = (files: readonly string[], find: (file: string) => Iterable<string>): string[] =>
  files.flatMap((file) => Array.from(find(file), (breach) => `${file}: ${breach}`));

const matches = (file: string, pattern: RegExp): string[] =>
  Array.from(textOf(file).matchAll(pattern), ([text]) => text);

const crossings = (file: string): string[] =>
  importsOf(file).filter(
    (specifier) => specifier.startsWith('.') && importedLayer(file, specifier) !== layerOf(file),
  );

/** The import cycles among these files, each once, written as `a.ts -> b.ts -> a.ts`. */
function importCyclesAmong(files: readonly string[]): string[] {
  const imports = new Map(
    files.map((file) => {
      const paths = importsOf(file).map((path) => relative(ROOT, join(ROOT, dirname(file), path)));
      return [file, paths.filter((path) => files.includes(path))] as const;
    }),
  );
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) cycles.push([...path.slice(start), file].join(' -> '));
    if (start !== -1 || finished.has(file)) return;
    for (const imported of imports.get(file) ?? []) visit(imported, [...path, file]);
    finished.add(file);
  };
  for (const file of files) visit(file, []);
  return cycles;
}

it('every file of src belongs to a known layer', () => {
  expect(SOURCES.length).toBeGreaterThan(40);
  expect(new Set(SOURCES.map(layerOf))).toEqual(new Set(Object.keys(ALLOWED_IMPORTS)));
});

describe('the layers', () => {
  it('import one way: main, http, service, store, engine', () => {
    const wrong = (file: string): string[] =>
      crossings(file).filter((specifier) => {
        const allowed = ALLOWED_IMPORTS[layerOf(file)] ?? [];
        return !allowed.includes(importedLayer(file, specifier));
      });
    expect(breaches(SOURCES, wrong)).toEqual([]);
  });

  it('are imported through their index', () => {
    const layers = SOURCES.filter((file) => !isProcess(file));
    const deepImports = (file: string): string[] =>
      crossings(file).filter((specifier) => !specifier.endsWith('/index.ts'));
    expect(breaches(layers, deepImports)).toEqual([]);
  });

  it('do not use the process, except the files that start one and the one that reads its processor time', () => {
    const reader = 'src/background/thread-time.ts';
    const layers = SOURCES.filter((file) => !isProcess(file) && file !== reader);
    const reads = (file: string): string[] =>
      [...globalsOf(file), ...importsOf(file)].filter((name) => /^(node:)?process$/.test(name));
    expect(breaches(layers, reads)).toEqual([]);
  });

  it('have no SQL outside the store', () => {
    const others = SOURCES.filter((file) => layerOf(file) !== 'store');
    const sql =
      /\b(SELECT .+ FROM|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|PRAGMA|node:sqlite)\b/g;
    expect(breaches(others, (file) => matches(file, sql))).toEqual([]);
  });

  it('have no HTTP outside its layer and the webhooks, which send requests', () => {
    const others = SOURCES.filter((file) => !/^src\/(http\/|webhooks\/|main\.ts)/.test(file));
    const http = (file: string): string[] =>
      importsOf(file).filter((specifier) => /fastify|node:http/.test(specifier));
    expect(breaches(others, http)).toEqual([]);
  });
});

it('no file imports itself through other files', () => {
  expect(importCyclesAmong(SOURCES)).toEqual([]);
});

describe('the engine', () => {
  const engine = SOURCES.filter((file) => layerOf(file) === 'engine');

  it('imports nothing from outside itself', () => {
    const outside = (file: string): string[] =>
      importsOf(file).filter((specifier) => !/^\.\/[\w-]+\.ts$/.test(specifier));
    expect(breaches(engine, outside)).toEqual([]);
  });

  it('uses neither clock nor randomness nor environment, and awaits nothing (R16)', () => {
    const globals = ['Date', 'Temporal', 'process', 'performance', 'crypto', 'console', 'Promise'];
    const timers = ['globalThis', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
    const impure = new Set([...globals, ...timers]);
    const used = (file: string): string[] => [
      ...[...globalsOf(file)].filter((name) => impure.has(name)),
      ...matches(file, /Math\.random|\basync\b|\bawait\b/g),
    ];
    expect(breaches(engine, used)).toEqual([]);
  });
});

describe('every file', () => {
  it(`has ${LINES_MAX} lines at most`, () => {
    const long = ALL.filter((file) => textOf(file).trimEnd().split('\n').length > LINES_MAX);
    expect(long).toEqual([]);
  });

  it('has no open tasks and disables no check', () => {
    const markers =
      /\b(?:TO[D]O|FIX[M]E|X[X]X)\b|@ts-(?:ignore|nocheck|expect-error)|eslint-[d]isable/g;
    expect(breaches(ALL, (file) => matches(file, markers))).toEqual([]);
  });

  it('exports by name', () => {
    const files = ALL.filter((file) => !file.endsWith('.config.ts'));
    expect(breaches(files, (file) => matches(file, /^export default\b/gm))).toEqual([]);
  });

  it('is named in kebab case', () => {
    expect(ALL.filter((file) => !/^[a-z0-9/.-]+$/.test(file))).toEqual([]);
  });
});

describe('the tests', () => {
  const tests = ALL.filter((file) => file.endsWith('.test.ts'));

  it('all run, except those that are skipped with a reason', () => {
    // `skipIf(reason !== null)` is allowed, because such a test has the reason at hand. The command `skip` of a token is
    // no skipped test.
    const skipped =
      /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|todo|fails|runIf)\b|\.skipIf\((?!\w+ !== null\))/g;
    expect(breaches(tests, (file) => matches(file, skipped))).toEqual([]);
  });

  it('are named as facts', () => {
    const wish = /^\s*(?:it|test|describe)\b.*['"`].*\bshould\b.*['"`]/gm;
    expect(breaches(tests, (file) => matches(file, wish))).toEqual([]);
  });
});
