import accepts from '@fastify/accepts';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { PatientClass } from '../engine/index.ts';
import type { Service } from '../service/index.ts';
import {
  answerOtherMethods,
  handleErrors,
  refuseConnection,
  refuseUrl,
  Unanswered,
} from './errors.ts';
import { takeJson } from './json-body.ts';
import { createRequestIds, RequestLog } from './log.ts';
import { identifyNobody } from './identity.ts';
import { Routes } from './route.ts';
import { addDoctorRoutes } from './routes/doctor-routes.ts';
import { addOperationsRoutes } from './routes/operations-routes.ts';
import { addReportRoutes } from './routes/report-routes.ts';
import { addSlotRoutes } from './routes/slot-routes.ts';
import { addTokenRoutes } from './routes/token-routes.ts';
import { addVisitRoutes } from './routes/visit-routes.ts';

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
/** Milliseconds from one search for late requests to the next. */
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
    loggerInstance: logger,
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
      // `verbose` hands over the schema, whose description says better than a pattern what a value must be.
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
  await app.register(accepts);
  const { tokens, clinic, reads, reports } = service;
  const routes = new Routes(app, identifyNobody);
  addTokenRoutes(routes, { tokens, reads, classes });
  addVisitRoutes(routes, { tokens });
  addDoctorRoutes(routes, { clinic, reads });
  addSlotRoutes(routes, { clinic });
  addReportRoutes(routes, { reports });
  addOperationsRoutes(routes, { service });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  finishRoutes();
  return app;
}
