import { METHODS, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { PROBLEMS, sendProblem, type ProblemCode } from './problem.ts';
import { faultsOfValidation } from './validation-faults.ts';

/** Fastify's own errors in the words of the contract. */
const CODE_OF: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_BAD_URL: 'route_not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'route_not_found',
};

/** Answers every error with a problem; what nobody foresaw goes to the log whole and to the caller as an id. */
export function handleErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.validation !== undefined)
      return sendProblem(request, reply, 'invalid_request', {
        errors: faultsOfValidation(error.validation),
      });
    const code = CODE_OF[error.code] ?? (error.statusCode === 400 ? 'malformed_json' : 'internal');
    if (code === 'internal') logger.error({ request_id: request.id, err: error }, 'internal error');
    return sendProblem(request, reply, code);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, 'route_not_found'));
}

/** Answers a URL that the router itself cannot take. */
export function refuseUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(request, reply, CODE_OF[error.code] ?? 'internal');
}

/**
 * Answers 405 with `Allow` for every method that a route of this app does not take, and 404 where there is no route:
 * both before the body is looked at. To be called before the routes; what it returns, behind them.
 */
export function answerOtherMethods(app: FastifyInstance): () => void {
  for (const method of METHODS)
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const urls = new Set<string>();
  app.addHook('onRoute', ({ url }) => void urls.add(url));
  return () => {
    for (const url of [...urls]) {
      const isTaken = (method: string): boolean => app.hasRoute({ url, method });
      const methods = app.supportedMethods.filter(isTaken);
      const others = app.supportedMethods.filter((method) => !isTaken(method));
      refuseAll(app, url, others, (request, reply) =>
        sendProblem(request, reply.header('allow', methods.join(', ')), 'method_not_allowed'),
      );
    }
    refuseAll(app, '*', app.supportedMethods, (request, reply) =>
      sendProblem(request, reply, 'route_not_found'),
    );
  };
}

function refuseAll(
  app: FastifyInstance,
  url: string,
  method: string[],
  refuse: (request: FastifyRequest, reply: FastifyReply) => FastifyReply,
): void {
  app.route({
    url,
    method,
    schema: { hide: true },
    exposeHeadRoute: false,
    // The route is judged before the body is looked at: hence the hook, and a handler that is never reached.
    onRequest: (request, reply) => void refuse(request, reply),
    handler: refuse,
  });
}

/** The requests of each connection that are not answered yet. */
export class Unanswered {
  readonly #requests = new WeakMap<Socket, Set<IncomingMessage>>();

  /** Keeps account of the requests of a server from now on. */
  watch(server: Server): void {
    server.on('request', (request: IncomingMessage, response) => {
      const requests = this.#requests.get(request.socket) ?? new Set();
      this.#requests.set(request.socket, requests.add(request));
      response.once('close', () => requests.delete(request));
    });
  }

  /** Whether a request that has arrived whole still waits for its answer on this connection. */
  awaitsAnswer(socket: Socket): boolean {
    return [...(this.#requests.get(socket) ?? [])].some(({ complete }) => complete);
  }
}

/** Answers what is not even HTTP, where no route and no request is known. */
export function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Socket,
  unanswered: Unanswered,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  // Answers come in the order of the requests: this one would be taken for that of a command that may take effect.
  if (unanswered.awaitsAnswer(socket)) return void socket.destroy();
  const { status, title, detail } = PROBLEMS.invalid_request;
  const body = JSON.stringify({
    type: 'urn:opd:problem:invalid_request',
    title,
    status,
    detail,
    code: 'invalid_request',
    errors: [
      {
        pointer: '',
        detail: 'must be HTTP/1.1, with headers of 16 KiB at most, whole within 30 seconds',
      },
    ],
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
