import type { Service } from '../../service/index.ts';
import { addMetricsRoute, type MetricsSource } from '../metrics.ts';
import { Health, HEALTHY, Readiness, readinessOf } from '../resources/operations.ts';
import { optionsOf, type Routes } from '../route.ts';
import { sendProblem } from '../send-problem.ts';

interface OperationsRoutes {
  readonly service: Service;
  /** What `GET /metrics` answers; null if the metrics are not served here. */
  readonly metrics: MetricsSource | null;
}

/** Adds the routes by which the service is operated. */
export function addOperationsRoutes(
  { app, access }: Routes,
  { service, metrics }: OperationsRoutes,
): void {
  const health = optionsOf({
    name: 'readHealth',
    tag: 'Operations',
    summary: 'Say that the process runs',
    description: 'Answers as long as the process can answer at all, also while it loads or stops.',
    answers: { 200: Health },
    codes: ['invalid_request'],
  });
  app.get('/health', health, () => Promise.resolve(HEALTHY));

  const readiness = optionsOf({
    name: 'readReadiness',
    tag: 'Operations',
    summary: 'Say whether commands are accepted',
    description:
      'The service is not ready while the state is loading, while the disk or the database cannot be written, and while the process stops.',
    answers: { 200: Readiness },
    codes: ['invalid_request', 'not_durable', 'stopping'],
  });
  app.get('/ready', readiness, async (request, reply) =>
    service.unreadiness === undefined
      ? reply.send(readinessOf(service.isDurable))
      : sendProblem(request, reply, service.unreadiness),
  );

  if (metrics !== null) addMetricsRoute(app, metrics, access.hook('readMetrics'));
}
