import type { Server, ServerOptions } from 'node:http';
import accepts from '@fastify/accepts';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { EpochMs, PatientClass } from '../engine/index.ts';
import type { Service } from '../service/index.ts';
import type { Webhooks } from '../webhooks/index.ts';
import { Access } from './access.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { Authentication } from './authentication.ts';
import { Connections, type ConnectionLimits } from './connections.ts';
import { describeRoutes, serveDescription } from './description.ts';
import { handleErrors, refuseConnection, refuseTunnel, refuseUrl } from './errors.ts';
import { takeJson } from './json-body.ts';
import { createRequestIds, RequestLog } from './log.ts';
import { Hosts } from './hosts.ts';
import { IdentityProvider, type IdentityProviderOptions } from './identity-provider.ts';
import type { MetricsSource } from './metrics.ts';
import { Origins } from './origins.ts';
import { answerOtherMethods } from './other-methods.ts';
import { RateLimiter, type RateLimits } from './rate-limiter.ts';
import { RequestOrder } from './request-order.ts';
import { refuseUnknownQueries, Routes } from './route.ts';
import { VALIDATION } from './schema.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { StatusLinks } from './status-links.ts';
import { addPageRoutes } from './pages/page-routes.ts';
import { addAnnouncementRoutes } from './routes/announcement-routes.ts';
import { addAuditRoutes } from './routes/audit-routes.ts';
import { addDoctorRoutes } from './routes/doctor-routes.ts';
import { addEventRoutes } from './routes/event-routes.ts';
import { addKeyRoutes } from './routes/key-routes.ts';
import { addOperationsRoutes } from './routes/operations-routes.ts';
import { addPatientRoutes } from './routes/patient-routes.ts';
import { addReportRoutes } from './routes/report-routes.ts';
import { addSlotRoutes } from './routes/slot-routes.ts';
import { addBookingListRoutes } from './routes/booking-list-routes.ts';
import { addTokenRoutes } from './routes/token-routes.ts';
import { addVisitRoutes } from './routes/visit-routes.ts';
import { addWebhookRoutes } from './routes/webhook-routes.ts';

export interface AppDeps {
  readonly service: Service;
  readonly webhooks: Webhooks;
  readonly classes: readonly PatientClass[];
  readonly logger: Logger;
  readonly clock: () => EpochMs;
  /** The version of the service, as `/openapi.json` gives it. */
  readonly version: string;
  readonly connectionLimits: ConnectionLimits;
  readonly admissionLimits: AdmissionLimits;
  /** Host names that requests may have beside the loopback names and the bound address. None by default. */
  readonly hosts?: readonly string[];
  /** The origins of pages that may use the service from a browser. None by default. */
  readonly origins?: readonly string[];
  /** The URL under which patients reach the service; null when they get no links to their own pages. */
  readonly publicUrl?: string | null;
  /** Whether everybody may do everything while there is no access key and no identity provider. */
  readonly allowsAnonymous: boolean;
  /** The provider whose tokens are accepted beside access keys; null for none. */
  readonly identityProvider?: IdentityProviderOptions | null;
  /** The addresses and networks of proxies whose `X-Forwarded-For` names the client. None by default. */
  readonly trustedProxies?: readonly string[];
  /** What a caller may send within a minute. Without limits by default. */
  readonly rateLimits?: RateLimits;
  /** What `GET /metrics` answers; null if the metrics are not served here. */
  readonly metrics: MetricsSource | null;
}

/** What Node is told about requests. */
const NODE_OPTIONS = {
  // Node would answer without a body. The hook for host names answers instead.
  requireHostHeader: false,
  // Of two equal headers Node would drop the second one silently.
  joinDuplicateHeaders: true,
};

/** Bytes that a body may have, unless its route sets another limit. */
const BODY_LIMIT = 16 * 1024;

/** The part of the connections that may be streams of events, because the others are for requests. */
const STREAMS_SHARE = 0.8;

/** Builds the HTTP app around a service. The app gets all that it needs as arguments and reads no global state. */
export async function buildApp({
  service,
  webhooks,
  classes,
  logger,
  clock,
  version,
  connectionLimits,
  admissionLimits,
  hosts = [],
  origins = [],
  trustedProxies = [],
  publicUrl = null,
  metrics,
  ...accessRules
}: AppDeps): Promise<FastifyInstance> {
  const requestLog = new RequestLog(logger);
  const order = new RequestOrder();
  const connections = new Connections(connectionLimits, order, logger);
  const ownHosts = new Hosts(hosts);
  const authentication = createAuthentication({ service, clock, logger, ...accessRules });
  const allowedOrigins = new Origins(origins, () => authentication.answersEverybody);
  const newRequestId = createRequestIds(clock());
  const admission = new Admission({
    limits: admissionLimits,
    origins: allowedOrigins,
    newRequestId,
    logger,
  });
  const app = Fastify({
    loggerInstance: fastifyLoggerOf(logger),
    logController: requestLog,
    // The start of the process is part of each request id, so that the ids of two processes differ.
    genReqId: newRequestId,
    bodyLimit: BODY_LIMIT,
    serverFactory: (handle, { http }) =>
      connections.createServer(admission.before(handle), http as ServerOptions),
    http: NODE_OPTIONS,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    // The service itself answers with the code `stopping`, which is part of the contract.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1_024 },
    clientErrorHandler: (error, socket) =>
      refuseConnection(error, socket, order, connections.expectation),
    frameworkErrors: (error, request, reply) => {
      if (!ownHosts.refuse(request, reply)) refuseUrl(error, request, reply);
      // Fastify runs no hook for a URL without a route, so the line is written here.
      requestLog.requestCompleted(null, request, reply);
    },
    ajv: { customOptions: VALIDATION },
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as FastifyInstance;
  answerForNode(app.server, order);
  await prepare(app, ownHosts, allowedOrigins, logger);
  const finishRoutes = answerOtherMethods(app);
  refuseUnknownQueries(app);
  await describeRoutes(app, version);
  await app.register(accepts);
  const access = createAccess(app, authentication, { service, logger, ...accessRules });
  const streamsMax = Math.floor(connectionLimits.connectionsMax * STREAMS_SHARE);
  addRoutes(new Routes(app, access, admission), {
    ...{ service, webhooks, classes, metrics, logger, publicUrl, streamsMax },
  });
  await serveDescription(app, clock);
  finishRoutes();
  return app;
}

/** Adds what every request meets before its route. */
async function prepare(
  app: FastifyInstance,
  hosts: Hosts,
  origins: Origins,
  logger: Logger,
): Promise<void> {
  // One hook, because each more costs every request about as much as what it does.
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    if (!hosts.refuse(request, reply)) done();
  });
  takeJson(app);
  handleErrors(app, logger);
  await origins.install(app);
}

/**
 * The logger of Fastify. Fastify itself logs at `info` only where it listens. The start banner says that, once requests are
 * served. All requests share this logger, because a child logger for each costs more than the line that it writes.
 */
function fastifyLoggerOf(logger: Logger): Logger {
  const level = logger.isLevelEnabled('info') ? 'warn' : logger.level;
  const shared: Logger = Object.assign(logger.child({}, { level }), { child: () => shared });
  return shared;
}

type AuthenticationDeps = Pick<
  AppDeps,
  'service' | 'allowsAnonymous' | 'identityProvider' | 'clock' | 'logger'
>;

/** Makes what finds out who calls. */
function createAuthentication({
  service: { keys },
  allowsAnonymous,
  identityProvider = null,
  clock,
  logger,
}: AuthenticationDeps): Authentication {
  const provider = identityProvider && new IdentityProvider(identityProvider, clock, logger);
  return new Authentication({ keys, allowsAnonymous, provider });
}

/** Makes what decides who may do what. */
function createAccess(
  app: FastifyInstance,
  authentication: Authentication,
  {
    service: { permissions },
    rateLimits = {},
    logger,
  }: Pick<AppDeps, 'service' | 'rateLimits' | 'logger'>,
): Access {
  // A service that does not listen, as in many tests, asks no provider before the first token.
  app.addHook('onListen', (done) => {
    authentication.discoverProvider();
    done();
  });
  return new Access(app, {
    ...{ permissions, logger, limiter: new RateLimiter(rateLimits, logger) },
    identify: (request) => authentication.identify(request),
  });
}

function addRoutes(
  routes: Routes,
  {
    service,
    webhooks,
    classes,
    metrics,
    logger,
    publicUrl = null,
    streamsMax,
  }: Pick<AppDeps, 'service' | 'webhooks' | 'classes' | 'metrics' | 'logger' | 'publicUrl'> & {
    readonly streamsMax: number;
  },
): void {
  const { tokens, clinic, doctors, reads, reports, permissions } = service;
  const links = publicUrl === null ? null : new StatusLinks(service.patientTickets, publicUrl);
  addTokenRoutes(routes, { tokens, reads, permissions, classes, links });
  addBookingListRoutes(routes, { tokens, classes, links });
  addPatientRoutes(routes, service);
  addVisitRoutes(routes, { tokens });
  addDoctorRoutes(routes, { doctors, reads });
  addAnnouncementRoutes(routes, { doctors, reads });
  addSlotRoutes(routes, { clinic, reads });
  addReportRoutes(routes, { reports });
  addAuditRoutes(routes, { auditTrail: service.auditTrail });
  addEventRoutes(routes, { service, streamsMax });
  addKeyRoutes(routes, { service, logger });
  addWebhookRoutes(routes, { webhooks, service, logger });
  addOperationsRoutes(routes, { service, metrics });
  addPageRoutes(routes.app);
}

/** Takes over the answers that Node gives by itself when nobody listens for the event: they have no body. */
function answerForNode(server: Server, order: RequestOrder): void {
  order.install(server);
  // Node answers an unknown `Expect` with 417; a server may ignore it instead (RFC 9110, 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => refuseTunnel(socket, order));
}
