import type { EngineRules } from '../engine/index.ts';
import { openAuditSource } from '../store/index.ts';
import { verify, type VerifyReport } from './verify.ts';

/**
 * Verifies a database, stopped or live.
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
