import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { PatientClass } from '../engine/index.ts';
import type { Service } from '../service/index.ts';
import { clinicRoutes } from './clinic-routes.ts';
import {
  answerOtherMethods,
  handleErrors,
  refuseConnection,
  refuseUrl,
  Unanswered,
} from './errors.ts';
import { takeJson } from './json-body.ts';
import { createRequestIds, RequestLog } from './log.ts';
import { operationsRoutes } from './operations-routes.ts';
import { reportRoutes } from './report-routes.ts';
import { slotRoutes } from './slot-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { visitRoutes } from './visit-routes.ts';

export interface AppDeps {
  readonly service: Service;
  readonly classes: readonly PatientClass[];
  readonly logger: Logger;
  /** Sets the request ids of this process apart from those of the one before. */
  readonly startedAt: number;
}

/** Bytes of a body, where a route does not say otherwise. */
const BODY_LIMIT = 16 * 1024;
/** Milliseconds in which a request must have arrived whole. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often connections are looked at for requests that are late. */
const TIMEOUT_CHECK_MS = 5_000;

/** What `/openapi.json` says of itself. */
const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'OPD token allocation',
    description: 'Decides, fairly and at once, who sees the doctor.',
    version: '1.0.0',
  },
};

/** The HTTP face of the service: everything it needs is handed to it, nothing is looked up. */
export async function buildApp({
  service,
  classes,
  logger,
  startedAt,
}: AppDeps): Promise<FastifyInstance> {
  const requestLog = new RequestLog(logger);
  const unanswered = new Unanswered();
  const app = Fastify({
    // Fastify itself logs at `info` only where it listens. The start banner says that, once requests are served.
    loggerInstance: logger.child(
      {},
      { level: logger.isLevelEnabled('info') ? 'warn' : logger.level },
    ),
    logController: requestLog,
    // One logger for all requests: a child for each costs more than the line it writes.
    childLoggerFactory: (parent) => parent,
    genReqId: createRequestIds(startedAt),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Said to Node too, which allows headers 60 seconds otherwise and then takes the longer time for the whole.
    http: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    // The service itself answers `stopping`, in the words of the contract.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1_024 },
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, unanswered),
    frameworkErrors: (error, request, reply) => {
      refuseUrl(error, request, reply);
      // No route, no hook: nobody else writes this line.
      requestLog.requestCompleted(null, request, reply);
    },
    ajv: {
      // Values are never coerced and fields never dropped; every fault is named at once.
      // `verbose` adds the schema and the value to each fault, because its words are made from them.
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        allErrors: true,
        verbose: true,
      },
    },
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as FastifyInstance;
  unanswered.watch(app.server);
  // Node would answer 417 without a word; a server may ignore what it does not know (RFC 9110, 10.1.1).
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  );
  takeJson(app);
  handleErrors(app, logger);
  const finishRoutes = answerOtherMethods(app);
  await app.register(swagger, { openapi: OPENAPI });
  const { tokens, clinic, reads, reports } = service;
  await app.register(tokenRoutes, { tokens, reads, classes });
  await app.register(visitRoutes, { tokens });
  await app.register(clinicRoutes, { clinic, reads });
  await app.register(slotRoutes, { clinic });
  await app.register(reportRoutes, { reports });
  await app.register(operationsRoutes, { service });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  finishRoutes();
  return app;
}
