import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './send-problem.ts';

/** The routes of one URL, in which `:name` is a part of the path and `*` is its rest. */
interface Resource {
  readonly url: string;
  readonly pattern: RegExp;
  /** The value of `Allow`. */
  readonly allow: string;
}

/**
 * Answers a method that a route does not take with 405 and `Allow`, and an unknown route with 404. Both come before the
 * body is read. It is called before the routes are added; the function that it returns is called after them.
 */
export function answerOtherMethods(app: FastifyInstance): () => void {
  for (const method of METHODS)
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  const urls = new Set<string>();
  // The permission for other origins already has a route for `OPTIONS`. The router knows `*` as `/*`.
  const isWild = (method: string): boolean => app.hasRoute({ url: '/*', method });
  const used = new Set<string>(app.supportedMethods.filter(isWild));
  app.addHook('onRoute', ({ url, method }) => {
    urls.add(url);
    for (const one of [method].flat()) used.add(one);
  });
  return () => {
    const usedMethods = app.supportedMethods.filter((method) => used.has(method));
    const unusedMethods = app.supportedMethods.filter((method) => !used.has(method));
    const resources = [...urls].map((url): Resource => {
      const methods = usedMethods.filter((method) => app.hasRoute({ url, method }));
      const others = usedMethods.filter((method) => !methods.includes(method));
      const allow = methods.join(', ');
      refuseAll(app, url, others, (request, reply) => refuseMethod(request, reply, allow));
      return { url, pattern: patternOf(url), allow };
    });
    const others = usedMethods.filter((method) => !isWild(method));
    refuseAll(app, '*', others, refuseRoute);
    // Node knows about thirty methods that no route takes. Each has one route and not one for each URL, because the
    // router would need most of the time of a start for them.
    refuseAll(app, '*', unusedMethods, (request, reply) => {
      const resource = resourceOf(resources, request.url.replace(/\?.*/, ''));
      return resource === undefined
        ? refuseRoute(request, reply)
        : refuseMethod(request, reply, resource.allow);
    });
  };
}

const refuseMethod = (request: FastifyRequest, reply: FastifyReply, allow: string): FastifyReply =>
  sendProblem(request, reply.header('allow', allow), 'method_not_allowed');

const refuseRoute = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(request, reply, 'route_not_found');

/** Like the router, it prefers a URL without variable parts. */
const resourceOf = (resources: readonly Resource[], path: string): Resource | undefined =>
  resources.find(({ url }) => url === path) ?? resources.find(({ pattern }) => pattern.test(path));

function patternOf(url: string): RegExp {
  const parts = url.split(/(:\w+|\*)/).map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : RegExp.escape(part);
  });
  return new RegExp(`^${parts.join('')}$`);
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
    // A hook answers, and the handler is never reached, because Fastify reads the body before it calls a handler.
    onRequest: (request, reply) => void refuse(request, reply),
    handler: refuse,
  });
}
