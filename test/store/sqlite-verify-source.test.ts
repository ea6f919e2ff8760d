import { join } from 'node:path';
import { createStore } from '../../src/store/index.ts';
import { SqliteVerifySource } from '../../src/store/sqlite/verify-source.ts';
import { tempDir } from '../support/temp-dir.ts';
import { verifySourceContract } from './verify-source.contract.ts';

verifySourceContract('sqlite', () => {
  const path = join(tempDir(), 'opd.db');
  return {
    open: (engine) => createStore(`sqlite:${path}`, engine),
    source: () => Promise.resolve(new SqliteVerifySource(path)),
  };
});
