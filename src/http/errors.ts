import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { NotDurableError, RequestEndedError, UnknownOutcomeError } from '../service/index.ts';
import { causeOf, publish } from '../telemetry/index.ts';
import { lastAnswer, sendLastAnswer } from './last-answer.ts';
import type { ProblemCode } from './problem.ts';
import { RequestFault } from './request-fault.ts';
import type { RequestOrder } from './request-order.ts';
import { sendProblem } from './send-problem.ts';
import { faultsOfValidation } from './validation-faults.ts';

/** The problem codes of Fastify's own errors. */
const CODE_OF: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_BAD_URL: 'route_not_found',
  FST_ERR_MAX_PARAM_LENGTH: 'route_not_found',
  // A path of /docs/static that leaves its folder, or that no file system takes.
  FST_STATIC_FORBIDDEN_PATH: 'route_not_found',
};

/** A request for a file of /docs that has conditions. */
const FILE_CONDITION = {
  pointer: '',
  detail: 'has a header If-Match, If-Unmodified-Since or Range that the file does not fulfil',
};

/** The connections of a stopping process are closed before such a command fails, so its client gets no answer. */
const UNKNOWN_OUTCOME =
  'The process stops before it is known whether a command has taken effect: it is not answered.';

/** Answers every error with a problem. An unexpected error is logged whole, and the caller gets its request id alone. */
export function handleErrors(app: FastifyInstance, logger: Logger): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error.validation !== undefined)
      return sendProblem(request, reply, 'invalid_request', {
        errors: faultsOfValidation(error.validation),
      });
    // Nobody receives this answer, because the client has gone.
    if (error instanceof RequestEndedError) return sendProblem(request, reply, 'internal');
    // A large answer is made after the service has returned, so the store may stall in between.
    if (error instanceof NotDurableError) return sendProblem(request, reply, 'not_durable');
    if (error instanceof UnknownOutcomeError) {
      logger.warn({ request_id: request.id }, UNKNOWN_OUTCOME);
      return sendProblem(request, reply, 'internal');
    }
    if (error.statusCode === 412 || error.statusCode === 416)
      return sendProblem(request, reply, 'invalid_request', { errors: [FILE_CONDITION] });
    if (error instanceof RequestFault) return sendFault(error, request, reply);
    const code = CODE_OF[error.code] ?? (error.statusCode === 400 ? 'malformed_json' : 'internal');
    if (code === 'internal') logger.error({ request_id: request.id, err: error }, 'internal error');
    return sendProblem(request, reply, code);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, 'route_not_found'));
}

function sendFault(
  { problem, facts }: RequestFault,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  // The media type was right then, so it was the encoding (RFC 9110, 12.5.3).
  if (problem === 'unsupported_media_type') reply.header('accept-encoding', 'identity');
  return sendProblem(request, reply, problem, facts);
}

/** Answers a URL that the router cannot parse. */
export function refuseUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(request, reply, CODE_OF[error.code] ?? 'internal');
}

/**
 * Answers bytes that are not HTTP, and requests that break a bound of the connection. Fastify knows neither a route nor
 * a request then.
 * @param expectation what the bytes must be, in words
 */
export function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  order: RequestOrder,
  expectation: string,
): void {
  if (error.code === 'ECONNRESET') return void socket.destroy();
  publish('opd:connection-refused', () => ({ cause: causeOf(error) }));
  const errors = [{ pointer: '', detail: expectation }];
  endWith(socket, order, lastAnswer('invalid_request', { errors }));
}

/** Answers CONNECT, which asks a proxy for a tunnel. Node takes the connection from Fastify then. */
export function refuseTunnel(socket: Duplex, order: RequestOrder): void {
  // Without a listener an error of the socket would end the process.
  socket.on('error', () => socket.destroy());
  endWith(socket, order, lastAnswer('method_not_allowed', {}, ['Allow: ']));
}

/** Ends a connection with an answer, if no request of the connection waits for an answer of its own. */
function endWith(socket: Duplex, order: RequestOrder, answer: string): void {
  // The client goes on sending after the last answer of the connection.
  if (!socket.writable) return;
  // Answers come in the order of the requests: the client would take this one for the answer to an earlier command.
  if (order.awaitsAnswer(socket)) return void socket.destroy();
  sendLastAnswer(socket, answer);
}
