import { readSettings, type Settings } from '../settings.ts';
import { ProgramFailure } from './program.ts';

/**
 * Reads the settings of this process from its environment.
 * @throws ProgramFailure with one sentence for each setting that is wrong
 */
export function settingsFromEnvironment(): Settings {
  const read = readSettings(process.env);
  if ('settings' in read) return read.settings;
  throw new ProgramFailure(read.faults.join('\n'));
}
