import { Counter, Gauge, Histogram } from 'prom-client';
import { SECOND_MS, type Watch } from './watch.ts';

/** The states of the store, see `StoreState`. */
const STORE_STATES = ['ready', 'stalled', 'failed'] as const;
/** Seconds: a synced commit takes a millisecond on a fast disk and a second on a disk that is too slow. */
const COMMIT_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Commands: a batch of PostgreSQL has 256 at most. */
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

export interface StoreSources {
  /** Whether commands are accepted. */
  readonly isReady: () => boolean;
  /** Commands, and on PostgreSQL reads too, that wait for the database. */
  readonly queueLength: () => number;
}

/** Commits, and whether the store takes any. */
export function watchStore(watch: Watch, { isReady, queueLength }: StoreSources): void {
  watchCommits(watch);
  watchState(watch);
  const registers = [watch.registry];
  new Gauge({
    name: 'opd_ready',
    help: '1 while the service accepts commands, as GET /ready answers; otherwise 0.',
    registers,
    collect() {
      this.set(Number(isReady()));
    },
  });
  new Gauge({
    name: 'opd_store_queue_length',
    help: 'Commands, and on PostgreSQL reads too, that wait for the database or are on their way to it.',
    registers,
    collect() {
      this.set(queueLength());
    },
  });
}

function watchCommits({ registry, listen }: Watch): void {
  const registers = [registry];
  const commands = new Histogram({
    name: 'opd_commit_commands',
    help: 'Commands that became durable together, in one batch of SQLite or one transaction of PostgreSQL.',
    buckets: BATCH_BUCKETS,
    registers,
  });
  const duration = new Histogram({
    name: 'opd_commit_duration_seconds',
    help: 'Time to make a batch durable: on SQLite from the start of the write, with retries; on PostgreSQL from the start of the transaction.',
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const queue = new Histogram({
    name: 'opd_commit_queue_seconds',
    help: 'Time from the first command of a batch to the start of its write. SQLite only.',
    buckets: COMMIT_BUCKETS,
    registers,
  });
  const transactions = new Counter({
    name: 'opd_transactions_total',
    help: 'Attempts of PostgreSQL transactions by outcome: committed, rolledBack or failed.',
    labelNames: ['outcome'],
    registers,
  });
  listen('opd:commit', (batch) => {
    commands.observe(batch.commands);
    duration.observe(batch.writeMs / SECOND_MS);
    queue.observe(batch.queueMs / SECOND_MS);
  });
  listen('opd:transaction', (transaction) => {
    const { outcome } = transaction;
    transactions.inc({ outcome });
    if (outcome !== 'committed') return;
    commands.observe(transaction.commands);
    duration.observe(transaction.ms / SECOND_MS);
  });
}

function watchState({ registry, listen }: Watch): void {
  const registers = [registry];
  // On PostgreSQL a server without space and a server that is away are two stalls, and one may begin in the other.
  const reasons = new Set<'commit' | 'database'>();
  let hasFailed = false;
  let stalledAtMs = 0;
  let stalledMs = 0;
  const stalls = new Counter({
    name: 'opd_store_stalls_total',
    help: 'How often the store stopped taking commands: the disk was full, or the database busy or away.',
    registers,
  });
  new Gauge({
    name: 'opd_store_state',
    help: '1 for the state of the store, 0 for the others. A stalled store recovers by itself, a failed one does not.',
    labelNames: ['state'],
    registers,
    collect() {
      const current = hasFailed ? 'failed' : reasons.size > 0 ? 'stalled' : 'ready';
      for (const state of STORE_STATES) this.set({ state }, Number(state === current));
    },
  });
  new Counter({
    name: 'opd_store_stalled_seconds_total',
    help: 'Time in which the store took no commands, with the stall that lasts now.',
    registers,
    collect() {
      const current = reasons.size > 0 ? performance.now() - stalledAtMs : 0;
      this.reset();
      this.inc((stalledMs + current) / SECOND_MS);
    },
  });
  const begin = (reason: 'commit' | 'database'): void => {
    if (reasons.size === 0) {
      stalledAtMs = performance.now();
      stalls.inc();
    }
    reasons.add(reason);
  };
  const end = (reason: 'commit' | 'database'): void => {
    if (reasons.delete(reason) && reasons.size === 0) stalledMs += performance.now() - stalledAtMs;
  };
  listen('opd:commit-stalled', () => begin('commit'));
  listen('opd:database-unreachable', () => begin('database'));
  listen('opd:commit-recovered', () => end('commit'));
  listen('opd:database-reachable', () => end('database'));
  listen('opd:store-failed', () => (hasFailed = true));
}
