import { beforeEach } from 'vitest';
import { createStore } from '../../src/store/index.ts';
import { PostgresVerifySource } from '../../src/store/postgres/verify-source.ts';
import { createDatabase } from '../support/postgres.ts';
import { verifySourceContract } from './verify-source.contract.ts';

let url = '';

beforeEach(async () => {
  ({ url } = await createDatabase());
});

verifySourceContract('postgres', () => {
  const current = url;
  return {
    open: (engine) => createStore(current, engine),
    source: () => PostgresVerifySource.open(current),
  };
});
