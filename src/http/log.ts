import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Identity } from '../service/index.ts';
import { publish } from '../telemetry/index.ts';

/**
 * Writes one structured line for each request when it is answered, and publishes its start and its end. The line has no
 * body, no query and no name of a patient. All lines have the level `info`, because a full disk or too many requests make thousands of
 * answers with 503 a second; at `warn` they would hide what an operator must read. The cause of a 500 is logged by itself,
 * at `error`.
 */
export class RequestLog extends LogController {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  override incomingRequest(request: FastifyRequest): void {
    // No line: the line of the completed request has the same facts.
    publish('opd:request-started', () => {
      const { traceparent } = request.headers;
      return {
        key: request,
        method: request.method,
        route: request.routeOptions.url ?? null,
        traceParent: typeof traceparent === 'string' ? traceparent : undefined,
      };
    });
  }

  override routeNotFound(): void {
    // The line of the completed request has the same facts.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    publish('opd:request', () => ({
      key: request,
      operation: request.routeOptions.schema?.operationId ?? null,
      status: reply.statusCode,
      ms: reply.elapsedTime,
    }));
    if (!this.#logger.isLevelEnabled('info')) return;
    this.#logger.info(
      {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
        // None on routes that need no key, and for a request that was refused before its caller was known.
        caller: (request.identity as Identity | undefined)?.name,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(error ? { err: error } : {}),
      },
      'request',
    );
  }
}

/** Makes request ids. A counter makes them unique in a process, and the start of the process among processes. */
export function createRequestIds(startedAt: number): () => string {
  const prefix = startedAt.toString(36);
  let count = 0;
  return () => `${prefix}-${(count++).toString(36)}`;
}
