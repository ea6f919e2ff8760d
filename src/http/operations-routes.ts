import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { Service } from '../service/index.ts';
import { problems } from './describe.ts';
import { sendProblem } from './problem.ts';
import { Health, Readiness } from './schemas.ts';

interface OperationsRoutes {
  readonly service: Service;
}

/** What those who run the service ask it. */
export const operationsRoutes: FastifyPluginCallbackTypebox<OperationsRoutes> = (
  app,
  { service },
  done,
) => {
  app.get(
    '/health',
    {
      schema: {
        tags: ['Operations'],
        summary: 'Whether the process lives',
        response: { 200: Health, ...problems([]) },
      },
    },
    () => Promise.resolve({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        tags: ['Operations'],
        summary: 'Whether commands are taken',
        response: { 200: Readiness, ...problems(['not_durable', 'stopping']) },
      },
    },
    async (request, reply) =>
      service.unreadiness === undefined
        ? reply.send({ status: 'ready', durable: service.isDurable })
        : sendProblem(request, reply, service.unreadiness),
  );

  // Not a permanent redirect, because browsers would remember it.
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs', 302));

  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.send(app.swagger()),
  );

  done();
};
