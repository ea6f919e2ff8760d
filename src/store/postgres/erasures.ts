import type { DoctorId, SlotId } from '../../engine/index.ts';
import type { Erasures } from '../erasure.ts';
import { storedResponseOf, type ResponseRow } from '../rows.ts';
import type { Servers } from './servers.ts';
import { Session, type Run } from './session.ts';
import { arrayOf } from './statements.ts';

/** The tables that have names or ids of patients. */
const NAMING_TABLES = 'tokens, changes, idempotency_keys';

/**
 * Finds what is to be erased in a PostgreSQL database.
 * @param run retries what is lost with a connection
 */
export const postgresErasures = (run: Run, servers: Servers): Erasures => ({
  async slotsToErase(before, limit) {
    const last = [...before.values()].sort().at(-1) ?? '';
    const days = JSON.stringify(Object.fromEntries(before));
    const rows = await run('slotsToErase', days, last, limit);
    return rows.map((row) => ({
      doctorId: row['doctor_id'] as DoctorId,
      slotId: row['id'] as SlotId,
    }));
  },
  async responsesWith(texts) {
    const rows = await run('responsesWith', arrayOf(texts));
    return rows.map((row) => storedResponseOf(row as unknown as ResponseRow));
  },
  // The program `erase` works on the database itself, as any other process does.
  requests: () => Promise.resolve(new Map()),
  clean: () => vacuum(servers),
});

/** Frees the space of erased rows. It blocks no reader and no writer, and takes as long as the tables are large. */
async function vacuum(servers: Servers): Promise<true> {
  const session = new Session(servers, { responseTimeoutMs: 0 });
  try {
    await session.send('SET statement_timeout = 0');
    await session.send(`VACUUM ${NAMING_TABLES}`);
    return true;
  } finally {
    await session.close();
  }
}
