import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Makes a directory for one test. It is removed when the test ends. */
export function tempDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'opd-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
