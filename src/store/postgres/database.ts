import type { AllocationEngine, DoctorId } from '../../engine/index.ts';
import type { Database } from '../database.ts';
import { PostgresArchive } from './archive.ts';
import { PostgresChangeLog } from './change-log.ts';
import { CommitFeed } from './commit-feed.ts';
import { CommandExecutor } from './command-executor.ts';
import { Dispatcher } from './dispatcher.ts';
import { Health } from './health.ts';
import { postgresErasures } from './erasures.ts';
import { PostgresKeyStore } from './key-store.ts';
import { Loader } from './loader.ts';
import { migrate } from './open.ts';
import { Pool } from './pool.ts';
import { PostgresStore } from './postgres-store.ts';
import { ReadExecutor } from './read-executor.ts';
import { Reader } from './reader.ts';
import { Servers } from './servers.ts';
import type { Run } from './session.ts';
import { PostgresWebhookStore } from './webhook-store.ts';

/**
 * Puts the parts of a PostgreSQL database together.
 * @param url of a database, which is connected to when the store is loaded
 */
export function openPostgresDatabase(engine: AllocationEngine, url: string): Database {
  const servers = new Servers(url);
  const pool = new Pool(servers);
  const health = new Health(
    () => pool.ping(),
    () => dispatcher.expireOverdue(),
  );
  const run: Run = (...statement) => health.withRetry(() => pool.query(...statement));
  const reader = new Reader(run);
  const lockedDoctors = new Set<DoctorId>();
  const loader = new Loader(engine, (id) => lockedDoctors.has(id));
  const parts = { engine, loader, pool, reader, health };
  const dispatcher = new Dispatcher({
    commands: new CommandExecutor({ ...parts, lockedDoctors }),
    reads: new ReadExecutor(parts),
    health,
  });
  const feed = new CommitFeed(servers, () => pool.query('notify'));
  return {
    store: new PostgresStore({
      ...{ engine, pool, health, reader, loader, dispatcher, feed },
      migrate: () => migrate(url),
    }),
    archive: new PostgresArchive(run),
    changeLog: new PostgresChangeLog(run, feed),
    keys: new PostgresKeyStore(run),
    erasures: postgresErasures(run, servers),
    webhooks: new PostgresWebhookStore(run),
  };
}
