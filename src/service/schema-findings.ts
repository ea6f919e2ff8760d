import type { TSchema } from '@sinclair/typebox';
import { ValueErrorType, type ValueError } from '@sinclair/typebox/errors';
import { Value } from '@sinclair/typebox/value';
import { lastStepOf, type Finding } from './fault-words.ts';

/** What a schema finds wrong with a value: the first finding of each place, by its JSON Pointer. */
export function findingsOf(schema: TSchema, value: unknown): Map<string, Finding> {
  const findings = new Map<string, Finding>();
  for (const error of Value.Errors(schema, value))
    if (!findings.has(error.path)) findings.set(error.path, findingOf(error));
  return findings;
}

function findingOf({ type, path, schema, value }: ValueError): Finding {
  const field = lastStepOf(path);
  if (type === ValueErrorType.ObjectRequiredProperty) return { kind: 'missing', field };
  if (type !== ValueErrorType.ObjectAdditionalProperties) return { kind: 'wrong', schema, value };
  return { kind: 'unknown', field, known: Object.keys(schema['properties'] as object) };
}
