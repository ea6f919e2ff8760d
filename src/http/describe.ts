import { Problem } from './schemas.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';

const ALWAYS: readonly ProblemCode[] = ['internal'];
/** What every route with a body may answer before its own codes. */
export const BODY_CODES: readonly ProblemCode[] = [
  'malformed_json',
  'invalid_request',
  'payload_too_large',
  'unsupported_media_type',
];
/** What every command may answer when it cannot be kept. */
export const COMMAND_CODES: readonly ProblemCode[] = ['overloaded', 'not_durable', 'stopping'];
/** What every POST may answer because of its Idempotency-Key. */
const KEY_CODES: readonly ProblemCode[] = ['idempotency_in_progress', 'idempotency_key_reused'];
/** What every POST may answer beside its own codes. */
export const POST_CODES: readonly ProblemCode[] = [...BODY_CODES, ...KEY_CODES, ...COMMAND_CODES];

/** The error answers of a route, by status, for its schema: each names its codes. */
export function problems(codes: readonly ProblemCode[]): Record<number, object> {
  const byStatus = Map.groupBy([...codes, ...ALWAYS], (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    Array.from(byStatus, ([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\``).join(', '),
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  );
}
