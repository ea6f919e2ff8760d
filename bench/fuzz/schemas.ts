import { VALIDATION } from '../../src/http/schema.ts';
import type { Schema } from '../../test/support/app/described-routes.ts';
import { fastifyCompiler } from '../../test/support/app/shared-compilers.ts';

interface Fault {
  readonly instancePath: string;
  readonly message?: string;
  readonly params: Readonly<Record<string, unknown>>;
}
type Validator = ((value: unknown) => boolean) & { readonly errors?: readonly Fault[] | null };
type Compile = (definition: { readonly schema: object }) => Validator;

/** The validator that Fastify uses. It stops at the first fault, because a fuzzer only needs to know that there is one. */
const compile = fastifyCompiler('ajv-compiler')(
  {},
  { customOptions: { ...VALIDATION, allErrors: false, verbose: false } },
) as Compile;

const validators = new WeakMap<Schema, Validator>();
/** By the text of the schema, because each round reads the description again. */
const compiled = new Map<string, Validator>();

function validatorOf(schema: Schema): Validator {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema);
  const validator = compiled.get(text) ?? compile({ schema });
  compiled.set(text, validator);
  validators.set(schema, validator);
  return validator;
}

/** Whether a value fits a schema. */
export const fits = (schema: Schema, value: unknown): boolean => validatorOf(schema)(value);

/** The first fault of a value in words; undefined when the value fits. */
export function faultIn(schema: Schema, value: unknown): string | undefined {
  const validator = validatorOf(schema);
  if (validator(value)) return undefined;
  const [fault] = validator.errors ?? [];
  return `${fault?.instancePath ?? ''} ${fault?.message ?? ''} ${JSON.stringify(fault?.params)}`.trim();
}
