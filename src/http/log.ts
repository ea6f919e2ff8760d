import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** Writes one structured line for each request when it is answered. The line has no body, no query and no name. */
export class RequestLog extends LogController {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  override incomingRequest(): void {
    // The line of the completed request has the same facts.
  }

  override routeNotFound(): void {
    // The line of the completed request has the same facts.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    if (request.isOverload) return;
    const level = reply.statusCode >= 500 ? 'warn' : 'info';
    if (!this.#logger.isLevelEnabled(level)) return;
    this.#logger[level](
      {
        request_id: request.id,
        method: request.method,
        route: request.routeOptions.url ?? null,
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
