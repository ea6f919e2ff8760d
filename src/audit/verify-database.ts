import type { EngineRules } from '../engine/index.ts';
import { openAuditSource } from '../store/index.ts';
import { verify, type VerifyReport } from './verify.ts';

/**
 * Verifies a database. The service may be running on it.
 * @param url names the database, as `DATABASE_URL` does
 * @throws StoreOpenError when there is no database to verify, or it cannot be read
 */
export async function verifyDatabase(url: string, rules: EngineRules): Promise<VerifyReport> {
  const source = await openAuditSource(url);
  try {
    return await verify(source, rules);
  } finally {
    await source.close();
  }
}
