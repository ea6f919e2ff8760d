import { Type } from '@sinclair/typebox';
import { instantOf, type Refusal } from '../../service/index.ts';
import { arrayOf, Text } from '../schema.ts';
import { FAULTS_MAX } from '../validation-faults.ts';

export const Problem = Type.Object(
  {
    type: Text,
    title: Text,
    status: Type.Integer(),
    detail: Text,
    instance: Text,
    code: Text,
    errors: Type.Optional(arrayOf(Type.Object({ pointer: Text, detail: Text }))),
  },
  { description: 'RFC 9457; facts of the code stand beside it.' },
);

/** The members of a problem beside those that every problem has. */
export type ProblemFacts = Readonly<Record<string, unknown>>;

/** The facts of a refusal that a client can act on. */
export function factsOf(refusal: Refusal): ProblemFacts {
  switch (refusal.code) {
    case 'duplicate_booking':
    case 'consultation_in_progress':
      return { token_id: refusal.tokenId };
    case 'too_early':
      return { allowed_from: instantOf(refusal.allowedFrom) };
    case 'capacity_below_seated':
      return { count: refusal.count };
    case 'invalid_transition':
      return { from: refusal.from, allowed: refusal.allowed };
    case 'invalid_request':
      return { errors: refusal.errors.slice(0, FAULTS_MAX) };
    default:
      return {};
  }
}
