import fc from 'fast-check';
import { expect, it } from 'vitest';
import { duplicateFieldsOf } from '../../src/service/index.ts';
import { casesOf, rerun, seed } from '../support/seed.ts';

const RUNS = { seed, numRuns: casesOf(200) };
const SMALL = fc.jsonValue({ maxDepth: 2 });

const duplicatesIn = (text: string): string[] =>
  duplicateFieldsOf(text, JSON.parse(text)).map(({ pointer }) => pointer);

it(`no field is taken for a repeated one, however the JSON is written ${rerun}`, () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(3), (value, indent) => {
      expect(duplicatesIn(JSON.stringify(value, null, indent))).toEqual([]);
    }),
    RUNS,
  );
});

it(`a repeated field is found among any other fields and values ${rerun}`, () => {
  const fields = fc.dictionary(fc.string(), SMALL, { minKeys: 1, maxKeys: 5 });
  fc.assert(
    fc.property(fields, SMALL, fc.nat(), (object, value, nth) => {
      const names = Object.keys(object);
      const name = names[nth % names.length] ?? '';
      const first = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      const text = `[${JSON.stringify(object).replace('{', () => `{${first},`)}]`;
      const step = name.replaceAll('~', '~0').replaceAll('/', '~1');
      expect(duplicatesIn(text)).toEqual([`/0/${step}`]);
    }),
    RUNS,
  );
});

it.each([
  ['a long text', `{"a":${JSON.stringify('\\"x:'.repeat(60_000))},"a":1}`, ['/a']],
  ['a deep list', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"a":1}`, ['/a']],
  ['a number', '1', []],
  ['a text', '"a:b"', []],
  ['null', 'null', []],
])('%s is read', (_what, text, pointers) => {
  expect(duplicatesIn(text)).toEqual(pointers);
});
