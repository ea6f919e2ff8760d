import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeOpenApiTypes } from './support/app/openapi-types.ts';

// The checks run in parallel, because each of them uses only one core.
const CHECKS = [
  'tsc',
  'tsc --project src/web',
  'eslint -c .eslint.config.js .',
  'prettier --check --log-level warn .',
];

// The pages use these types. They are no part of the repository, because they follow from it.
await writeOpenApiTypes();
const exits = CHECKS.map(async (command) => {
  const child = spawn(command, { shell: true, stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
});
process.exitCode = Math.max(...(await Promise.all(exits)));
