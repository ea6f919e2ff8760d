import { beforeEach } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { PostgresAuditSource } from '../../src/store/postgres/audit-source.ts';
import { emptyTables } from '../support/postgres/postgres.ts';
import { auditSourceContract } from './audit-source.contract.ts';

let url = '';

beforeEach(async () => {
  url = await emptyTables();
});

auditSourceContract('postgres', () => {
  const current = url;
  return {
    open: (engine) => openDatabase(current, engine),
    source: () => PostgresAuditSource.open(current),
  };
});
