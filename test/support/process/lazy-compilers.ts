// The tests preload this file in the processes of the service that they start (`node --import`). There, Fastify compiles
// the schemas of a route when the route is first used, because most tests use few routes of a process, and compiling
// all of them takes a quarter of the processor time of a start.
import { channel } from 'node:diagnostics_channel';
import type { FastifyInstance } from 'fastify';
import { fastifyCompiler, type Builder, type Compilers } from '../app/shared-compilers.ts';

/** Builds a compiler whose functions compile their schema in their first call. */
const lazily =
  (name: Parameters<typeof fastifyCompiler>[0]): Builder =>
  (schemas, options) => {
    let compile: ReturnType<Builder> | undefined;
    return (definition) => {
      let compiled: ReturnType<ReturnType<Builder>> | undefined;
      return function lazy(this: unknown, ...args: unknown[]): unknown {
        compile ??= fastifyCompiler(name)(schemas, options);
        compiled ??= compile(definition);
        const result: unknown = Reflect.apply(compiled, this, args);
        // A validator leaves its errors on itself, where Fastify reads them.
        Object.assign(lazy, { errors: compiled.errors });
        return result;
      };
    };
  };

const compilersFactory = {
  buildValidator: lazily('ajv-compiler'),
  buildSerializer: lazily('fast-json-stringify-compiler'),
} as unknown as Compilers;

channel('fastify.initialization').subscribe((message) => {
  const { fastify } = message as { readonly fastify: FastifyInstance };
  fastify.setSchemaController({ compilersFactory });
});
