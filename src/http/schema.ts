import { Type, type Static, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';
import { Id, isVisibleText, UNSEEN, VISIBLE_TEXT } from '../service/index.ts';

export { DateText } from '../service/index.ts';

// The schemas of requests and of resources are made of these parts. Fastify compiles the
// validators and the serialisers from the schemas, and /openapi.json shows them.

/**
 * How the validators are compiled. Values are never coerced and fields never dropped; one answer names all faults.
 * `verbose` adds the schema and the value to each fault, because its words are made from them.
 */
export const VALIDATION = {
  coerceTypes: false,
  removeAdditional: false,
  allErrors: true,
  verbose: true,
  formats: { [VISIBLE_TEXT]: isVisibleText },
} as const;

/** What a schema says to people and tools beside its form. */
interface Annotations {
  /** The name of the schema in `components.schemas` of `/openapi.json`. Two different schemas have different names. */
  readonly title?: string;
  readonly description?: string;
  /** One value that works on the demo roster. */
  readonly examples?: readonly [unknown];
}

/** An object of a request: other fields are refused. */
export const closed = <T extends TProperties>(
  properties: T,
  annotations: Annotations = {},
): TObject<T> => Type.Object(properties, { additionalProperties: false, ...annotations });

export const arrayOf = <T extends TSchema>(items: T, description?: string) =>
  Type.Unsafe<readonly Static<T>[]>(Type.Array(items, describedAs(description)));

// `type: [..., 'null']` and not a union, because the compiled serialiser would validate a union's members one by one.
export const orNull = <T extends TSchema>(schema: T) =>
  Type.Unsafe<Static<T> | null>({
    ...schema,
    type: [schema['type'] as string, 'null'],
    ...(Array.isArray(schema['enum']) ? { enum: [...(schema['enum'] as unknown[]), null] } : {}),
  });

export const oneOf = <T extends string>(values: readonly T[], annotations: Annotations = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: values, ...annotations });

const describedAs = (description: string | undefined) =>
  description === undefined ? {} : { description };

export const Text = Type.String();
export const TextOrNull = (description?: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...describedAs(description) });
export const Count = Type.Integer({ minimum: 0 });
export const Instant = Type.String({
  format: 'date-time',
  description: 'RFC 3339, UTC, milliseconds.',
});

/**
 * An instant in a request. The pattern excludes what the format allows and `Date` does not read: leap seconds, and offsets
 * without minutes.
 */
export const InstantText = Type.String({
  format: 'date-time',
  pattern: '^.{17}[0-5]\\d(\\.\\d+)?([Zz]|[+-]\\d{2}:?\\d{2})$',
});

/** The reason of a command; it is stored in the history of the tokens. */
export const Reason = Type.String({
  description:
    '1 to 200 characters, of which at least one is visible; no control characters, changes of direction or blanks without width.',
  format: VISIBLE_TEXT,
  minLength: 1,
  maxLength: 200,
  pattern: `^[^${UNSEEN}]+$`,
});

/** The name or the number of a consulting room. */
export const Room = Type.String({
  description:
    '1 to 32 characters, not all blank, no control or invisible characters. Blanks around it do not count.',
  minLength: 1,
  maxLength: 32,
  pattern: `^(?=.*\\S)[^${UNSEEN}]+$`,
});

/** The path parameter of a route with `:id`. */
export const idParams = (description: string, example: string) =>
  closed({ id: Type.String({ ...Id, description, examples: [example] }) });

/** The query of a route that takes none. */
export const NoQuery = closed({});

/** The query of a command that can be a dry run. */
export const DryRunQuery = closed({
  dry_run: Type.Optional(
    oneOf(['true', 'false'], {
      description:
        '`true` asks for a dry run: the answer is the same, but the command changes nothing.',
    }),
  ),
});

/** The end of the description of such a command. */
export const DRY_RUN =
  'With `dry_run=true` the answer is the same, but the command changes nothing.';
