import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { BackgroundTask } from './background/index.ts';
import {
  accessOf,
  accessRulesOf,
  createKeyReads,
  warnIfNobodyMay,
  type AccessRules,
} from './cli/access.ts';
import { writeBanner, type StartFacts } from './cli/banner.ts';
import { chooseRoster, type ChosenRoster } from './cli/choose-roster.ts';
import { settingsFromEnvironment } from './cli/environment.ts';
import { createErasing } from './cli/erasing.ts';
import { openLog } from './cli/log.ts';
import { openFilesMax } from './cli/open-files.ts';
import { ProgramFailure, readVersion, runProgram } from './cli/program.ts';
import { stopOnSignal, stopOnStoreFailure, type Stoppable } from './cli/stopping.ts';
import { createWebhooks } from './cli/webhooks.ts';
import { AllocationEngine, epochMs, isListed, type EpochMs } from './engine/index.ts';
import { buildApp } from './http/app.ts';
import { connectionsWithin, type ConnectionLimits } from './http/connections.ts';
import { buildMetricsApp } from './http/metrics.ts';
import { PROBLEMS } from './http/problem.ts';
import { webhookBodyOf } from './http/resources/webhook.ts';
import { createMetrics, type Metrics, type MetricsDeps } from './metrics/index.ts';
import {
  classTable,
  createService,
  Eraser,
  readRoster,
  RosterError,
  type Service,
} from './service/index.ts';
import { settingsHelp, type Settings } from './settings.ts';
import { databaseName, openDatabase, StoreOpenError, type Store } from './store/index.ts';
import { publishRun } from './telemetry/index.ts';
import type { Tracing, TracingOptions } from './tracing/index.ts';
import { WEBHOOK_SOCKETS_MAX } from './webhooks/index.ts';

/** Milliseconds between two ticks. A tick ends the slots whose time is over and opens the slots of a new day. */
const TICK_MS = 1_000;
/** Milliseconds, at least, after which a tick that has failed is retried. */
const TICK_RETRY_MS = 500;
/** Milliseconds for which a turn of the event loop accepts requests. All other requests wait for the turn. */
const TURN_MS = 100;
/**
 * Files that the process may open beside its connections: its modules, its log, the files or connections of its database, and
 * the connections to the receivers of webhooks.
 */
const FILES_RESERVED = 64 + WEBHOOK_SOCKETS_MAX;
/** The address of METRICS_PORT if METRICS_HOST is not set. */
const METRICS_HOST_DEFAULT = '127.0.0.1';

const HELP = `npm start
  Starts the service. It serves requests until it is told to stop: press Ctrl+C, or send SIGTERM to the
  process of node, because npm does not pass SIGTERM on to it.

Settings come from the environment:
${settingsHelp()}
Exits with 0 after a stop, or with 1 and a sentence when it cannot start.
`;

/** The parts of a running process. */
interface Parts extends Stoppable {
  readonly app: FastifyInstance;
  readonly metricsApp: FastifyInstance | null;
  readonly metrics: Metrics;
  readonly engine: AllocationEngine;
  readonly accessRules: AccessRules;
}

const clock = (): EpochMs => epochMs(Date.now());

/** The ticks of the service. A slow tick delays the next one. */
const createTicks = (service: Service, logger: Logger, stop: AbortSignal): BackgroundTask =>
  new BackgroundTask({
    name: 'tick',
    periodMs: TICK_MS,
    retryMs: TICK_RETRY_MS,
    work: () => service.tick(),
    onRun: (run) => {
      publishRun(run);
      // A stopping process does not retry.
      if (run.error !== undefined && !stop.aborted)
        logger.warn(
          { err: run.error },
          'The tick has failed: slots are not opened, ended or evicted until a retry succeeds.',
        );
    },
  });

/** An address to listen on, and how the settings of it are named. */
interface Address {
  readonly host: string;
  readonly port: number;
  readonly prefix: '' | 'METRICS_';
}

/** @throws ProgramFailure when the address cannot be listened on */
async function listen(app: FastifyInstance, { host, port, prefix }: Address): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const { code, address, message } = error as NodeJS.ErrnoException & {
      readonly address?: string;
    };
    if (code === 'EADDRINUSE')
      throw new ProgramFailure(
        `${address}:${port} is in use: stop the program that listens there, or set ${prefix}PORT.`,
      );
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ProgramFailure(
        `Cannot listen on ${prefix}HOST=${host} and ${prefix}PORT=${port}: ${message}. ${prefix}HOST must be an address of this machine, and this user must be allowed to open the port.`,
      );
    throw error;
  }
}

/**
 * The bounds of the connections: those of the settings, and fewer connections if the system does not allow as many.
 * @throws ProgramFailure when the system does not allow a single connection
 */
function connectionLimitsOf(settings: Settings, logger: Logger): ConnectionLimits {
  const openFiles = openFilesMax();
  const connections = connectionsWithin(openFiles - FILES_RESERVED);
  if (connections < 1)
    throw new ProgramFailure(
      `The system lets this process open only ${openFiles} files at the same time: allow more with ulimit -n.`,
    );
  const connectionsMax = Math.min(settings.CONNECTIONS_MAX, connections);
  if (connectionsMax < settings.CONNECTIONS_MAX)
    logger.warn(
      { open_files: openFiles },
      `At most ${connectionsMax} connections are served instead of CONNECTIONS_MAX=${settings.CONNECTIONS_MAX}, because the system does not let this process open more files (ulimit -n).`,
    );
  return {
    connectionsMax,
    headersMax: settings.HEADERS_MAX,
    headerBytesMax: settings.HEADER_BYTES_MAX,
    headerSeconds: settings.HEADER_SECONDS,
    requestSeconds: settings.REQUEST_SECONDS,
    keepAliveSeconds: settings.KEEP_ALIVE_SECONDS,
  };
}

/** Listens before it loads, so that clients are told that the state is still loading. */
async function serve(
  parts: Parts,
  settings: Settings,
  given: ChosenRoster | undefined,
): Promise<void> {
  const { app, metricsApp, service, logger, stop } = parts;
  const { HOST, PORT, METRICS_HOST = METRICS_HOST_DEFAULT, METRICS_PORT = 0 } = settings;
  if (metricsApp !== null) {
    const address = { host: METRICS_HOST, port: METRICS_PORT, prefix: 'METRICS_' } as const;
    const metricsUrl = await listen(metricsApp, address);
    logger.info({ metrics_url: metricsUrl }, 'The metrics have an address of their own.');
  }
  const url = await listen(app, { host: HOST, port: PORT, prefix: '' });
  logger.debug({ url }, 'Listening. Commands are refused until the state is loaded.');
  if (stop.aborted) return;
  let source = '';
  const { retired } = await service.start((isEmpty) => {
    const chosen = chooseRoster(given, isEmpty);
    source = chosen.source;
    if (given === undefined && isEmpty)
      logger.info('The database is empty and ROSTER is not set: starting with the demo roster.');
    return chosen.roster;
  });
  if (retired.length > 0)
    logger.info(
      { doctors: retired },
      'The demo doctors have retired, because the first real roster was applied and none of them was in use.',
    );
  announce(parts, { database: databaseName(settings.DATABASE_URL), roster: source, url });
  warnIfNobodyMay(service.keys, parts.accessRules, logger);
}

/** Writes the start banner, but not when the process was told to stop while it loaded, because it does not serve then. */
function announce(
  { engine, service, accessRules, logger, output, stop }: Parts,
  facts: Pick<StartFacts, 'database' | 'roster' | 'url'>,
): void {
  if (stop.aborted) return;
  const doctors = [...engine.doctors].filter((doctor) => isListed(doctor.facts)).length;
  writeBanner(
    { version: readVersion(), doctors, access: accessOf(service.keys, accessRules), ...facts },
    logger,
    output.isTerminal ? output : undefined,
  );
}

/** Starts to make traces if a receiver is set. Nothing that makes or sends traces is loaded otherwise. */
async function startTraces(
  { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Settings,
  options: Omit<TracingOptions, 'endpoint'>,
): Promise<Tracing | null> {
  if (endpoint === undefined) return null;
  const { startTracing } = await import('./tracing/index.ts');
  return startTracing({ endpoint, ...options });
}

function warnIfLost({ isDurable }: Store, logger: Logger): void {
  if (!isDurable)
    logger.warn(
      'DATABASE_URL is memory: a restart loses every booking. Use it only to try the service.',
    );
}

/**
 * The metrics of the service.
 * @param app the app, which is made after its metrics
 */
const metricsOf = (
  {
    service,
    webhooks,
    onError,
  }: Pick<Parts, 'service' | 'webhooks'> & Pick<MetricsDeps, 'onError'>,
  app: () => FastifyInstance,
): Metrics =>
  createMetrics({
    version: readVersion(),
    measuresProcess: true,
    problemCodes: Object.keys(PROBLEMS),
    isReady: () => service.unreadiness === undefined,
    queueLength: () => service.queueLength,
    subscribers: () => service.eventFeed.subscriberCount,
    occupancy: () => service.occupancy(),
    webhookBacklog: () => webhooks.backlog,
    connections: () => {
      const { server } = app();
      return promisify(server.getConnections.bind(server))();
    },
    onError,
  });

/** Where the service is reached from. */
const addressesOf = ({ HOST, ALLOWED_HOSTS = [], PUBLIC_URL, CORS_ORIGINS = [] }: Settings) => ({
  hosts: [
    HOST.toLowerCase(),
    ...ALLOWED_HOSTS,
    ...(PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).hostname]),
  ],
  publicUrl: PUBLIC_URL ?? null,
  origins: CORS_ORIGINS,
});

async function start(): Promise<void> {
  const settings = settingsFromEnvironment();
  const { ROSTER, DATABASE_URL, LOG_LEVEL, HORIZON_DAYS } = settings;
  const roster = ROSTER === undefined ? undefined : readRoster(ROSTER);
  const classes = classTable(roster?.patientTypes ?? []);
  const { logger, output } = openLog(LOG_LEVEL);
  const engine = new AllocationEngine({
    classes,
    graceMinutes: settings.SLOT_GRACE_MINUTES,
    waitlistMax: settings.WAITLIST_MAX,
  });
  const database = openDatabase(DATABASE_URL, engine);
  const { store, archive, changeLog, keys, erasures } = database;
  const service = createService({
    ...{ engine, store, archive, changeLog, keys, clock },
    horizonDays: HORIZON_DAYS,
  });
  const version = readVersion();
  const onError = (err: unknown): void =>
    logger.warn({ err }, 'Metrics or traces have a fault. No command is affected.');
  const allowsPrivate = settings.WEBHOOK_ALLOW_PRIVATE;
  const webhooks = createWebhooks(
    { database, allowsPrivate, bodyOf: webhookBodyOf, clock },
    logger,
  );
  const metrics = metricsOf({ service, webhooks, onError }, () => app);
  const accessRules = accessRulesOf(settings);
  const hasOwnAddress = settings.METRICS_PORT !== undefined;
  const metricsApp = hasOwnAddress ? buildMetricsApp(metrics, logger) : null;
  const tracing = await startTraces(settings, { version, onError });
  const app = await buildApp({
    ...{ service, webhooks, classes, logger, clock, version },
    connectionLimits: connectionLimitsOf(settings, logger),
    admissionLimits: { requestsMax: settings.REQUESTS_MAX, turnMs: TURN_MS },
    ...addressesOf(settings),
    ...accessRules,
    metrics: hasOwnAddress ? null : metrics,
  });
  warnIfLost(store, logger);
  const stopping = new AbortController();
  const ticks = createTicks(service, logger, stopping.signal);
  const keyReads = createKeyReads(service.keys, logger, stopping.signal);
  const retentionDays = settings.RETENTION_DAYS ?? null;
  const eraser = new Eraser({ engine, store, erasures, clock, retentionDays });
  const erasing = createErasing(eraser, logger, stopping.signal);
  const parts = {
    ...{ app, metrics, metricsApp, tracing, service, store, engine },
    ...{ ticks, keyReads, erasing, webhooks, logger, output, accessRules },
    stop: stopping.signal,
  };
  stopOnStoreFailure(parts);
  const given = roster && { roster, source: `${ROSTER} is applied` };
  const started = serve(parts, settings, given);
  stopOnSignal(parts, started, stopping);
  try {
    await started;
  } catch (error) {
    // If the process was told to stop while it started, the failure to start does not matter.
    if (!stopping.signal.aborted) throw error;
  }
  if (stopping.signal.aborted) return;
  ticks.start();
  keyReads.start();
  erasing.start();
  webhooks.start();
}

await runProgram({
  help: HELP,
  usage:
    'npm start takes no argument: settings are environment variables, for example PORT=8081 npm start. --help lists them.',
  argumentCount: [0, 0],
  failures: [RosterError, StoreOpenError],
  async run() {
    await start();
    return undefined;
  },
});
