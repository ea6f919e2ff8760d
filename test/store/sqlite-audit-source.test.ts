import { join } from 'node:path';
import { createStore } from '../../src/store/index.ts';
import { SqliteAuditSource } from '../../src/store/sqlite/audit-source.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { verifySourceContract } from './audit-source.contract.ts';

verifySourceContract('sqlite', () => {
  const path = join(tempDir(), 'opd.db');
  return {
    open: (engine) => createStore(`sqlite:${path}`, engine),
    source: () => Promise.resolve(new SqliteAuditSource(path)),
  };
});
