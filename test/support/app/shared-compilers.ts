import { channel } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';

type Compilers = Required<
  NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>
>;
type Builder<Compile> = (schemas: unknown, options: unknown) => Compile;
type Compile = (definition: { readonly schema: unknown }) => unknown;

// Fastify's own compilers are found as Fastify itself finds them, wherever npm has put them.
const fastifyRequires = createRequire(createRequire(import.meta.url).resolve('fastify'));
const own = (name: string): (() => Builder<Compile>) =>
  fastifyRequires(`@fastify/${name}`) as () => Builder<Compile>;

/**
 * Every app that this process creates from now on shares the functions that Fastify compiles from schemas. A compiled
 * function depends on its schema and the options alone, and to compile those of an app takes longer than most tests.
 */
export function shareCompilers(): void {
  const compilersFactory = {
    buildValidator: remembered(own('ajv-compiler')()),
    buildSerializer: remembered(own('fast-json-stringify-compiler')()),
  } as unknown as Compilers;
  channel('fastify.initialization').subscribe((message) => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.setSchemaController({ compilersFactory });
  });
}

/** Compiles each schema once for the same shared schemas and the same options. */
function remembered(build: Builder<Compile>): Builder<Compile> {
  const compilers = new Map<string, Compile>();
  return (schemas, options) => {
    const circumstances = JSON.stringify([schemas, options]);
    const compile = compilers.get(circumstances) ?? rememberedBySchema(build(schemas, options));
    compilers.set(circumstances, compile);
    return compile;
  };
}

function rememberedBySchema(compile: Compile): Compile {
  const functions = new Map<string, unknown>();
  return (definition) => {
    const text = JSON.stringify(definition.schema);
    const compiled = functions.get(text) ?? compile(definition);
    functions.set(text, compiled);
    return compiled;
  };
}
