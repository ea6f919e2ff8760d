import { closestMatch } from 'leven';

/** One fault of an input. `pointer` is a JSON Pointer (RFC 6901) to its place, `detail` says in words what is wrong. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** What a validator has found at one place, before it is put into words. */
export type Finding =
  | { readonly kind: 'missing'; readonly field: string }
  | { readonly kind: 'unknown'; readonly field: string; readonly known: readonly string[] }
  | { readonly kind: 'wrong'; readonly schema: ValueSchema; readonly value: unknown };

/** The parts of a JSON Schema that say what a value must be. */
export interface ValueSchema {
  readonly type?: unknown;
  readonly description?: string;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly const?: string | number | boolean | null;
  readonly anyOf?: readonly ValueSchema[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, unknown>>;
}

export const INSTANT_WORDS =
  'must be a date and time with its offset from UTC (RFC 3339), such as 2026-11-23T09:00:00Z';

/** How many letters of three may be mistyped, so that a name is still taken for a known one. */
const LETTERS_PER_MISTAKE = 3;
const MISTAKES_MAX = 3;

/** RFC 6901: the name of a field as one step of a JSON Pointer. */
export const pointerStep = (name: string): string =>
  `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The name of the field that a JSON Pointer ends with. */
export const lastStepOf = (pointer: string): string =>
  pointer
    .slice(pointer.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');

/**
 * Says in words that a receptionist understands what is wrong with an input. The words come from the schema, so that
 * the HTTP interface and the roster file, which have different validators, say the same.
 */
export function wordsOf(finding: Finding): string {
  switch (finding.kind) {
    case 'missing':
      return `missing field \`${finding.field}\``;
    case 'unknown':
      return `unknown field \`${finding.field}\`${hintOf(finding.field, finding.known)}`;
    case 'wrong':
      return `must be ${expectationOf(finding.schema)}${adviceOf(finding.schema, finding.value)}`;
  }
}

function hintOf(field: string, known: readonly string[]): string {
  const meant = nearestOf(field, known);
  if (meant !== undefined) return `; did you mean \`${meant}\`?`;
  return known.length === 0 ? '; no field is expected here' : `; known are ${known.join(', ')}`;
}

/** The known name that a mistyped one most probably means, without regard to case, underscores and hyphens. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, '');
  const plainName = plain(name);
  const maxDistance = Math.min(Math.floor(plainName.length / LETTERS_PER_MISTAKE), MISTAKES_MAX);
  const plainKnown = known.map(plain);
  const nearest = closestMatch(plainName, plainKnown, { maxDistance });
  return nearest === undefined ? undefined : known[plainKnown.indexOf(nearest)];
}

function expectationOf(schema: ValueSchema): string {
  const allowed = allowedValuesOf(schema);
  if (allowed !== undefined) return `${allowed.length > 1 ? 'one of ' : ''}${allowed.join(', ')}`;
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return `a whole number${rangeOf(schema.minimum, schema.maximum)}`;
    case 'number':
      return `a number${rangeOf(schema.minimum, schema.maximum)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list${sizeOf(schema.minItems, schema.maxItems, 'items')}`;
    case 'object':
      return (schema.minProperties ?? 0) === 0
        ? 'a JSON object'
        : `a JSON object with at least one of ${Object.keys(schema.properties ?? {}).join(', ')}`;
    default:
      return schema.description ?? 'another value';
  }
}

function textOf({ description, format, minLength, maxLength }: ValueSchema): string {
  if (format === 'date-time') return INSTANT_WORDS.replace('must be ', '');
  // The first sentence of a description says what a text must look like; a pattern says the same to machines.
  const [form] = description?.split(/\.(?:\s|$)/) ?? [];
  return form === undefined
    ? `text${sizeOf(minLength, maxLength, 'characters')}`
    : `text: ${form.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase())}`;
}

function allowedValuesOf({ enum: values, const: only, anyOf }: ValueSchema): string[] | undefined {
  if (values !== undefined) return values.map(String);
  if (only !== undefined) return [String(only)];
  const options = anyOf?.map(allowedValuesOf);
  return options?.every((option) => option !== undefined) ? options.flat() : undefined;
}

function adviceOf(schema: ValueSchema, value: unknown): string {
  if (typeof value !== 'string') return '';
  const meant = nearestOf(value, allowedValuesOf(schema) ?? []);
  if (meant !== undefined) return `; did you mean \`${meant}\`?`;
  const isBare = ['integer', 'number', 'boolean'].includes(String(schema.type));
  return isBare ? ', without quotation marks' : '';
}

const count = (amount: number): string => amount.toLocaleString('en');

function rangeOf(min: number | undefined, max: number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${count(min)} to ${count(max)}`;
  if (min !== undefined) return `, ${count(min)} or more`;
  return max === undefined ? '' : `, ${count(max)} or less`;
}

function sizeOf(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && max !== undefined) return ` of ${count(min)} to ${count(max)} ${unit}`;
  if (min !== undefined) return ` of ${count(min)} or more ${unit}`;
  return max === undefined ? '' : ` of at most ${count(max)} ${unit}`;
}
