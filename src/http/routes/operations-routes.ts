import type { Service } from '../../service/index.ts';
import { sendProblem } from '../problem.ts';
import { Health, HEALTHY, Readiness, readinessOf } from '../resources/operations.ts';
import { schemaOf, type Routes } from '../route.ts';

interface OperationsRoutes {
  readonly service: Service;
}

/** Adds the routes by which the service is operated. */
export function addOperationsRoutes({ app }: Routes, { service }: OperationsRoutes): void {
  const health = {
    tag: 'Operations',
    summary: 'Whether the process lives',
    answers: { 200: Health },
    codes: [],
  };
  app.get('/health', { schema: schemaOf(health) }, () => Promise.resolve(HEALTHY));

  const readiness = schemaOf({
    tag: 'Operations',
    summary: 'Whether commands are taken',
    answers: { 200: Readiness },
    codes: ['not_durable', 'stopping'],
  });
  app.get('/ready', { schema: readiness }, async (request, reply) =>
    service.unreadiness === undefined
      ? reply.send(readinessOf(service.isDurable))
      : sendProblem(request, reply, service.unreadiness),
  );

  // Not a permanent redirect, because browsers would remember it.
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs', 302));

  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.send(app.swagger()),
  );
}
