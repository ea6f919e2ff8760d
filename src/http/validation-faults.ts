import { pointerStep, wordsOf, type Fault, type Finding } from '../service/index.ts';

/** How many faults one answer names; a body can have more of them than anybody reads. */
export const FAULTS_MAX = 100;

/** One error of Ajv, as its option `verbose` reports it. */
export interface ValidationError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema?: Extract<Finding, { kind: 'wrong' }>['schema'];
  readonly data?: unknown;
}

/** The first `FAULTS_MAX` faults that Ajv found in a body, a query, a path or the headers: one for each place. */
export function faultsOfValidation(errors: readonly ValidationError[]): Fault[] {
  const findings = new Map<string, Finding>();
  for (const error of errors) {
    const [pointer, finding] = findingOf(error);
    // For a choice Ajv first reports each option that does not fit; the choice itself, `anyOf`, comes last.
    if (error.keyword === 'anyOf' || !findings.has(pointer)) findings.set(pointer, finding);
  }
  return [...findings]
    .slice(0, FAULTS_MAX)
    .map(([pointer, finding]) => ({ pointer, detail: wordsOf(finding) }));
}

function findingOf({
  instancePath,
  params,
  parentSchema: schema = {},
  data: value,
}: ValidationError): [pointer: string, finding: Finding] {
  const { missingProperty: missing, additionalProperty: unknown } = params;
  if (typeof missing === 'string')
    return [instancePath + pointerStep(missing), { kind: 'missing', field: missing }];
  if (typeof unknown === 'string') {
    const known = Object.keys(schema.properties ?? {});
    return [instancePath + pointerStep(unknown), { kind: 'unknown', field: unknown, known }];
  }
  return [instancePath, { kind: 'wrong', schema, value }];
}
