import { expect, it } from 'vitest';
import { codesIn, readDocument, rowsOf, sectionOf } from './support/markdown.ts';

it('DESIGN.md gives a reason for every package of package.json, whose versions are exact', () => {
  const { dependencies, devDependencies } = JSON.parse(readDocument('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Readonly<Record<string, string>>
  >;
  const packages = { ...dependencies, ...devDependencies };
  const rows = rowsOf(sectionOf(readDocument('DESIGN.md'), '## Chosen packages'));
  const named = rows.flatMap(([names]) => codesIn(names));
  expect(Object.keys(packages).filter((name) => !named.includes(name))).toEqual([]);
  for (const [, , reason = ''] of rows) expect(reason).not.toBe('');
  for (const version of Object.values(packages))
    expect(version).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
});
