import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { expect, it, onTestFinished } from 'vitest';
import { openApp } from '../support/app/app.ts';

// The description is made for tools, so these tests give it to tools.

/** What the linter will find until the service has access keys. */
const UNTIL_ACCESS_KEYS = 'security-defined';

it('the recommended rules of a linter find nothing but the missing access keys', async () => {
  const { text } = await (await openApp()).get('/openapi.json');
  const problems = await lintFromString({
    source: text,
    absoluteRef: '/openapi.json',
    config: await createConfig({ extends: ['recommended'] }),
  });
  const found = problems.map(({ ruleId, message, location }) => ({
    ruleId,
    message,
    pointer: location[0]?.pointer,
  }));
  expect(found.filter(({ ruleId }) => ruleId !== UNTIL_ACCESS_KEYS)).toEqual([]);
});

/** What TypeScript says against each of some programs that use the types made from the description. */
function faultsOf<Name extends string>(
  types: string,
  programs: Readonly<Record<Name, string>>,
): Record<Name, string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'opd-types-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'api.d.ts'), types);
  const files = Object.entries<string>(programs).map(([name, source]) => {
    const file = join(directory, `${name}.ts`);
    writeFileSync(file, `import type { components, operations } from './api.d.ts';\n${source}`);
    return [name, file] as const;
  });
  const program = ts.createProgram(
    files.map(([, file]) => file),
    {
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
    },
  );
  const faultsIn = (file: string): string[] =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  return Object.fromEntries(files.map(([name, file]) => [name, faultsIn(file)])) as Record<
    Name,
    string[]
  >;
}

const clientWith = (code: string): string => `
  type Token = components['schemas']['Token'];
  type Refused = operations['book']['responses'][409]['content']['application/problem+json'];
  export const numberOf = (token: Token): number => token.number;
  export const tokenOf = (problem: Refused): string | undefined =>
    problem.code === '${code}' ? problem.token_id : undefined;
`;
const anyCode = (code: string): string => `
  export const code: components['schemas']['ProblemCode'] = '${code}';
  export const used: keyof operations = 'book';
`;

it('the types that a generator derives name the resources, and refuse a misspelt error code', async () => {
  const { body } = await (await openApp()).get<OpenAPI3>('/openapi.json');
  const faults = faultsOf(astToString(await openapiTS(body)), {
    right: clientWith('duplicate_booking'),
    misspelt: clientWith('duplicate_boking'),
    ofAnotherOperation: clientWith('too_early'),
    rightCode: anyCode('too_early'),
    misspeltCode: anyCode('to_early'),
  });
  expect(faults).toEqual({
    right: [],
    misspelt: [expect.stringContaining('"duplicate_boking"')],
    ofAnotherOperation: [expect.stringContaining('"too_early"')],
    rightCode: [],
    misspeltCode: [expect.stringContaining('"to_early"')],
  });
});
