import { readSettings } from '../settings.ts';
import { backUp, StoreOpenError } from '../store/index.ts';

// `npm run backup -- FILE`: copies the database in DATABASE_URL, stopped or live, into a new file.

try {
  const [target] = process.argv.slice(2);
  if (target === undefined) throw new StoreOpenError('Name the new file: npm run backup -- FILE');
  const given = readSettings(process.env);
  if ('faults' in given) throw new StoreOpenError(given.faults.join('\n'));
  backUp(given.settings.DATABASE_URL, target);
  process.stdout.write(`${target}: a copy of ${given.settings.DATABASE_URL}\n`);
} catch (error) {
  if (!(error instanceof StoreOpenError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
