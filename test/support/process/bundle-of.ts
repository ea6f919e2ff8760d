import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

/** The bundle of a program of this project, or the file itself if it has no bundle. `file` is relative to the project's root. */
export function bundleOf(file: string): string {
  const bundle = join(inject('programs'), file.replace(/\.ts$/, '.mjs'));
  return existsSync(bundle) ? bundle : file;
}
