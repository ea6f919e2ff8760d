import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import ts from 'typescript';
import { readDocument, ROOT, sectionOf } from './support/markdown.ts';

// DESIGN.md defines the rules R1, R2 ... Code, tests and documents cite them by number.

const CITED = /\bR\d+\b/g;

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending) && !name.includes('node_modules'))
    .map((name) => `${folder}${name}`);

const CODE = ['src/', 'test/', 'bench/'].flatMap((folder) => filesIn(folder, '.ts'));
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && ['bench', 'deploy'].includes(entry.name))
    .flatMap(({ name }) => filesIn(`${name}/`, '.md')),
];

/** The rules that DESIGN.md defines, each in a list item that begins with its number and its title. */
const DEFINED = Array.from(
  sectionOf(readDocument('DESIGN.md'), '## Rules').matchAll(/^- \*\*(R\d+) /gm),
  ([, rule = '']) => rule,
);

/** Whether a call names a test or a group of tests; `it.each(...)` does too. */
const isNaming = (call: string): boolean => /^(?:it|test|describe)\b/.test(call);

/** The names of tests and groups in a file, as they are written in the first argument of `it`, `test` or `describe`. */
function namesIn(file: string): string[] {
  const source = ts.createSourceFile(file, readDocument(file), ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isNaming(node.expression.getText(source))) {
      const [name] = node.arguments;
      if (name !== undefined) names.push(name.getText(source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}

it('the rules in DESIGN.md are numbered from R1 without gaps', () => {
  expect(DEFINED).toEqual(DEFINED.map((_, index) => `R${index + 1}`));
  expect(DEFINED.length).toBeGreaterThan(16);
});

it('every rule that code, tests or documents cite is defined in DESIGN.md', () => {
  const unknown = [...CODE, ...DOCUMENTS].flatMap((file) =>
    Array.from(readDocument(file).matchAll(CITED), ([rule]) => rule)
      .filter((rule) => !DEFINED.includes(rule))
      .map((rule) => `${file}: ${rule}`),
  );
  expect(unknown).toEqual([]);
});

it('every rule is in the name of a test or of a group of tests', () => {
  const names = CODE.filter((file) => file.endsWith('.test.ts')).flatMap(namesIn);
  const named = new Set(names.flatMap((name) => name.match(CITED) ?? []));
  expect(DEFINED.filter((rule) => !named.has(rule))).toEqual([]);
});
