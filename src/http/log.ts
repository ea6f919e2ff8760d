import { LogController, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** Writes one structured line a request, when it is answered: no body, no query, no name. */
export class RequestLog extends LogController {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    super();
    this.#logger = logger;
  }

  override incomingRequest(): void {
    // The line at the end says it all.
  }

  override routeNotFound(): void {
    // So does it here.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
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

/** Makes request ids: unique in a process and, by when it started, between processes. */
export function createRequestIds(startedAt: number): () => string {
  const prefix = startedAt.toString(36);
  let count = 0;
  return () => `${prefix}-${(count++).toString(36)}`;
}
