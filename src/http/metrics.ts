import { Type } from '@sinclair/typebox';
import Fastify, { type FastifyInstance, type onRequestHookHandler } from 'fastify';
import type { Logger } from 'pino';
import { handleErrors } from './errors.ts';
import { answerOtherMethods } from './other-methods.ts';
import { optionsOf } from './route.ts';
import { VALIDATION } from './schema.ts';

/** Where the text of the metrics comes from. */
export interface MetricsSource {
  /** The media type of the text. */
  readonly contentType: string;
  readonly scrape: () => Promise<string>;
}

/**
 * Adds the route of the metrics.
 * @param onRequest lets a request reach the metrics; without it everybody does
 */
export function addMetricsRoute(
  app: FastifyInstance,
  metrics: MetricsSource,
  onRequest: onRequestHookHandler[] | onRequestHookHandler = [],
): void {
  const options = optionsOf({
    name: 'readMetrics',
    tag: 'Operations',
    summary: 'Give the counts and times of this process to Prometheus',
    description:
      'The text format of Prometheus. It has no name and no id of a patient, a doctor or a slot. With `METRICS_PORT` the service answers it at that port alone, without a key.',
    answers: {
      200: {
        description: 'The metrics.',
        content: { 'text/plain': { schema: Type.String({ description: 'One line a value.' }) } },
      },
    },
    codes: ['invalid_request'],
  });
  app.get('/metrics', { ...options, onRequest }, async (_request, reply) => {
    const text = await metrics.scrape();
    return reply.type(metrics.contentType).header('cache-control', 'no-store').send(text);
  });
}

/** Builds an app that serves the metrics and nothing else, for an address of its own. */
export function buildMetricsApp(metrics: MetricsSource, logger: Logger): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true, ajv: { customOptions: VALIDATION } });
  handleErrors(app, logger);
  const finishRoutes = answerOtherMethods(app);
  addMetricsRoute(app, metrics);
  finishRoutes();
  return app;
}
