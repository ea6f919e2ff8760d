import { channel } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';

export type Compilers = Required<
  NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
>;
/** Makes a compiler for these shared schemas and options. */
export type Builder = (schemas: unknown, options: unknown) => Compile;
type Compile = (definition: { readonly schema: unknown }) => Compiled;
type Compiled = ((...args: unknown[]) => unknown) & { readonly errors?: unknown };

// Resolves from Fastify's own folder, because npm may install Fastify's compilers below it.
const fastifyRequires = createRequire(createRequire(import.meta.url).resolve('fastify'));
/** Makes the functions that Fastify compiles from schemas: validators or serialisers. */
export const fastifyCompiler = (name: 'ajv-compiler' | 'fast-json-stringify-compiler') =>
  (fastifyRequires(`@fastify/${name}`) as () => Builder)();

/**
 * From now on, all apps of this process share the functions that Fastify compiles from schemas, because compiling them
 * for each app takes longer than most tests. A compiled function depends only on its schema and the options.
 */
export function shareCompilers(): void {
  const compilersFactory = {
    buildValidator: memoized(fastifyCompiler('ajv-compiler')),
    buildSerializer: memoized(fastifyCompiler('fast-json-stringify-compiler')),
  } as unknown as Compilers;
  channel('fastify.initialization').subscribe((message) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.setSchemaController({ compilersFactory });
  });
}

/** Compiles each schema once for the same shared schemas and the same options. */
function memoized(build: Builder): Builder {
  const compilers = new Map<string, Compile>();
  return (schemas, options) => {
    const cacheKey = JSON.stringify([schemas, options]);
    const compile = compilers.get(cacheKey) ?? memoizedBySchema(build(schemas, options));
    compilers.set(cacheKey, compile);
    return compile;
  };
}

function memoizedBySchema(compile: Compile): Compile {
  const functions = new Map<string, Compiled>();
  return (definition) => {
    const text = JSON.stringify(definition.schema);
    const compiled = functions.get(text) ?? compile(definition);
    functions.set(text, compiled);
    return compiled;
  };
}
