import { setTimeout as delay } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import { AllocationEngine, epochMs, type EpochMs } from './engine/index.ts';
import { buildApp } from './http/app.ts';
import {
  classTable,
  createService,
  demoRoster,
  readRoster,
  RosterError,
  type Roster,
  type Service,
} from './service/index.ts';
import { readSettings, type Settings } from './settings.ts';
import { createStore, NotDurableError, StoreOpenError, type Store } from './store/index.ts';

/** How often it is looked at what time has brought about: slots that end, a new day. */
const TICK_MS = 1_000;
/** Bytes of log lines held while their reader does not read; what comes then is dropped, not waited for. */
const LOG_BUFFER_BYTES = 16 * 1024 * 1024;
/** Milliseconds for the log line that says why the process stops. */
const LAST_WORDS_MS = 1_000;
/** Milliseconds between two looks for connections that have become idle while the process stops. */
const SWEEP_MS = 50;
/** Milliseconds that loading, and after it requests in flight, have to finish when the process is told to stop. */
const PATIENCE_MS = 3_000;
/** Milliseconds after which a process that was told to stop ends, whatever it does. */
const STOP_MS = 10_000;

/** What the person who started the process has to put right: told in plain sentences, without a stack. */
class StartError extends Error {}

/** What a running process consists of. */
interface Parts {
  readonly app: FastifyInstance;
  readonly service: Service;
  readonly store: Store;
  readonly logger: Logger;
  readonly log: ReturnType<typeof pino.destination>;
  /** Aborted once the process has been told to stop. */
  readonly stop: AbortSignal;
}

const clock = (): EpochMs => epochMs(Date.now());

function settingsOf(environment: NodeJS.ProcessEnv): Settings {
  const read = readSettings(environment);
  if ('settings' in read) return read.settings;
  throw new StartError(read.faults.join('\n'));
}

/** What to set up: the roster; in an empty database without one, the demo's doctors. */
function chooseRoster(roster: Roster | undefined, logger: Logger) {
  return (isEmpty: boolean): Roster => {
    if (roster !== undefined || !isEmpty) return roster ?? { doctors: [], slots: [] };
    logger.info('The database is empty and ROSTER is not set: starting with the demo roster.');
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return { doctors: demoRoster(timeZone), slots: [] };
  };
}

function stopOnStoreFailure({ store, logger, log, stop }: Parts): void {
  void store.failure.then((error) => {
    if (stop.aborted && error instanceof NotDurableError) {
      logger.warn({ err: error }, 'What waited for the disk is dropped: none of it was answered.');
      return;
    }
    if (!logger.isLevelEnabled('error')) process.exit(1);
    log.once('drain', () => process.exit(1));
    // Not `fatal`, which writes at once and waits for as long as nobody reads.
    logger.error({ err: error }, 'The store has failed: stopping. Nothing acknowledged is lost.');
    // A log that nobody reads would hold up an exit for ever, and the process must be started again.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_WORDS_MS);
  });
}

/** One look after the other, however long one takes. */
async function runTicks({ service, logger, stop }: Parts): Promise<void> {
  for (;;) {
    await delay(TICK_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    await service.tick().catch((error: unknown) => {
      logger.warn({ err: error }, 'What time has brought about waits; it will be tried again.');
    });
  }
}

/** Lets requests in flight finish for a while, then closes what is still open. */
async function closeConnections({ app, logger }: Parts): Promise<void> {
  // A connection kept alive is idle only once what it had in flight is answered.
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const end = setTimeout(() => {
    logger.warn('Requests are still unfinished: closing their connections without an answer.');
    app.server.closeAllConnections();
  }, PATIENCE_MS);
  await app.close();
  clearInterval(sweep);
  clearTimeout(end);
}

/** Stops in order when the process is told to, at whatever point of its life it is. */
function stopOnSignal(parts: Parts, started: Promise<void>, stopping: AbortController): void {
  const { service, store, logger } = parts;
  closeWithGrace({ delay: STOP_MS, logger }, async ({ err, signal }) => {
    stopping.abort();
    if (err) logger.error({ err }, 'An error that nobody foresaw: stopping.');
    else logger.info({ signal }, 'Stopping.');
    service.stop();
    await Promise.race([started.catch(() => undefined), delay(PATIENCE_MS)]);
    // Again: what was loading has begun to serve in the meantime.
    service.stop();
    await closeConnections(parts);
    await store.close();
    logger.flush();
  });
}

/** Listens first, so that who asks while state is loading is told so. */
async function serve(
  { app, service, logger, stop }: Parts,
  { HOST, PORT }: Settings,
  roster: Roster | undefined,
): Promise<void> {
  await app.listen({ host: HOST, port: PORT });
  if (!stop.aborted) await service.start(chooseRoster(roster, logger));
}

async function start(): Promise<void> {
  const settings = settingsOf(process.env);
  const roster = settings.ROSTER === undefined ? undefined : readRoster(settings.ROSTER);
  const classes = classTable(roster?.patientTypes ?? []);
  const log = pino.destination({ dest: 1, sync: false, maxLength: LOG_BUFFER_BYTES });
  const logger = pino({ level: settings.LOG_LEVEL }, log);
  const engine = new AllocationEngine({
    classes,
    graceMinutes: settings.SLOT_GRACE_MINUTES,
    waitlistMax: settings.WAITLIST_MAX,
  });
  const store = createStore(settings.DATABASE_URL, engine);
  const service = createService({ engine, store, clock, horizonDays: settings.HORIZON_DAYS });
  const app = await buildApp({ service, classes, logger, startedAt: Date.now() });
  if (!store.isDurable)
    logger.warn('DATABASE_URL is memory: a restart loses every booking. For trying out only.');
  const stopping = new AbortController();
  const parts = { app, service, store, logger, log, stop: stopping.signal };
  stopOnStoreFailure(parts);
  const started = serve(parts, settings, roster);
  stopOnSignal(parts, started, stopping);
  try {
    await started;
  } catch (error) {
    // Who stops a process does not care that it could not start.
    if (!stopping.signal.aborted) throw error;
  }
  if (!stopping.signal.aborted) void runTicks(parts);
}

/** One clear sentence for what a person can put right, everything for what nobody foresaw. */
function explain(error: unknown): string {
  if (
    error instanceof StartError ||
    error instanceof StoreOpenError ||
    error instanceof RosterError
  )
    return error.message;
  const { code, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code === 'EADDRINUSE')
    return `${address}:${port} is in use: stop what listens there, or set PORT.`;
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `Cannot listen on HOST and PORT as set: ${(error as Error).message}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  await start();
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
