import { join } from 'node:path';
import { openDatabase } from '../../src/store/index.ts';
import { SqliteAuditSource } from '../../src/store/sqlite/audit-source.ts';
import { tempDir } from '../support/process/temp-dir.ts';
import { auditSourceContract } from './audit-source.contract.ts';

auditSourceContract('sqlite', () => {
  const path = join(tempDir(), 'opd.db');
  return {
    open: (engine) => openDatabase(`sqlite:${path}`, engine),
    source: () => Promise.resolve(new SqliteAuditSource(path)),
  };
});
