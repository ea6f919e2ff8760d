import { spawn } from 'node:child_process';
import { once } from 'node:events';

// The checks run in parallel, because each of them uses only one core.
const CHECKS = ['tsc', 'eslint -c .eslint.config.js .', 'prettier --check --log-level warn .'];

const exits = CHECKS.map(async (command) => {
  const child = spawn(command, { shell: true, stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
});
process.exitCode = Math.max(...(await Promise.all(exits)));
