import { Type, type Static, type TProperties } from '@sinclair/typebox';
import { instantOf, ROLE_NAMES, type Refusal, type RefusedBooking } from '../../service/index.ts';
import { PROBLEM_CODES, PROBLEMS, type ProblemCode, type ProblemKind } from '../problem.ts';
import { arrayOf, Count, Instant, oneOf, Text } from '../schema.ts';
import { FAULTS_MAX } from '../validation-faults.ts';
import { StatusName } from './token.ts';

const Code = oneOf(PROBLEM_CODES, {
  title: 'ProblemCode',
  description: 'A code never changes: a client decides by it.',
});

export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:opd:problem:` and the code.' }),
    title: Type.String({
      description: 'The problem in a few words; they depend on the code alone.',
    }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What to do about it.' }),
    instance: Type.String({
      description:
        'The id of the request; the log has the cause of an `internal` problem under it.',
    }),
    code: Code,
  },
  {
    title: 'Problem',
    description: 'Why a request was refused (RFC 9457). Some codes have further members.',
  },
);

const Fault = Type.Object(
  {
    pointer: Type.String({ description: 'The place of the fault: a JSON Pointer (RFC 6901).' }),
    detail: Text,
  },
  { title: 'Fault', description: 'A fault of a request.' },
);

/** The members of the problems of some codes, beside those that every problem has. `factsOf` makes their values. */
const FACTS: Readonly<Partial<Record<ProblemCode, TProperties>>> = {
  invalid_request: {
    errors: arrayOf(Fault, `\`invalid_request\`: the faults, ${FAULTS_MAX} at most.`),
  },
  forbidden: {
    roles: arrayOf(
      oneOf(ROLE_NAMES, { title: 'Role' }),
      '`forbidden`: the roles that may do this, some of them on a condition.',
    ),
  },
  duplicate_booking: {
    token_id: Type.String({
      description: '`duplicate_booking`: the live token that the patient has in the slot.',
    }),
  },
  invalid_transition: {
    from: StatusName,
    allowed: arrayOf(
      StatusName,
      '`invalid_transition`: the statuses to which a request can lead from `from`.',
    ),
  },
  not_all_bookable: {
    refused: arrayOf(
      Type.Object(
        { index: Count, code: Code, title: Text },
        { title: 'RefusedBooking', description: 'A booking that cannot be made.' },
      ),
      '`not_all_bookable`: the bookings that cannot be made, with their places in the list from 0 and the codes of `POST /book`.',
    ),
  },
  nothing_to_undo: {
    last_change: Type.String({
      description: '`nothing_to_undo`: the kind of the last change of the token.',
    }),
  },
  too_early: {
    allowed_from: Type.String({
      ...Instant,
      description: '`too_early`: the instant from which the command is allowed.',
    }),
  },
  consultation_in_progress: {
    token_id: Type.String({
      description: '`consultation_in_progress`: the token of a patient who is with the doctor.',
    }),
  },
  doctor_in_use: {
    token_id: Type.String({
      description: '`doctor_in_use`: the token of the first patient who has not been seen.',
    }),
    count: Type.Integer({
      minimum: 1,
      description: '`doctor_in_use`: how many patients have not been seen.',
    }),
  },
  capacity_below_seated: {
    count: Type.Integer({
      minimum: 1,
      description: '`capacity_below_seated`: how many seats cannot be taken away.',
    }),
  },
};

const RetryAfter = Type.Integer({
  description: 'Seconds after which the request can be repeated; also in the header `Retry-After`.',
});

const factsSchemaOf = (code: ProblemCode): TProperties => {
  const { retryAfter }: ProblemKind = PROBLEMS[code];
  return { ...FACTS[code], ...(retryAfter === undefined ? {} : { retry_after: RetryAfter }) };
};

/**
 * The schema of a problem that has one of these codes: a member is required if every one of the codes has it.
 * @param status of all the codes
 * @param codes one at least
 */
export function problemOf(status: number, codes: readonly ProblemCode[]): object {
  const facts = codes.map(factsSchemaOf);
  const properties: TProperties = Object.fromEntries(facts.flatMap((each) => Object.entries(each)));
  const isInAll = (name: string) => facts.every((each) => Object.hasOwn(each, name));
  return {
    type: 'object',
    allOf: [Problem],
    properties: {
      status: { type: 'integer', const: status },
      // Without an example of its own, a page shows the first code of `ProblemCode` here.
      code: { ...oneOf(codes), examples: codes.slice(0, 1) },
      ...properties,
    },
    required: Object.keys(properties).filter(isInAll),
  };
}

export type ProblemView = Static<typeof Problem> & ProblemFacts;

/** The members of a problem beside those that every problem has. */
export type ProblemFacts = Readonly<Record<string, unknown>>;

/** The facts of a refusal that a client can act on. */
export function factsOf(refusal: Refusal): ProblemFacts {
  switch (refusal.code) {
    case 'duplicate_booking':
    case 'consultation_in_progress':
      return { token_id: refusal.tokenId };
    case 'nothing_to_undo':
      return { last_change: refusal.lastChange };
    case 'too_early':
      return { allowed_from: instantOf(refusal.allowedFrom) };
    case 'doctor_in_use':
      return { token_id: refusal.tokenId, count: refusal.count };
    case 'capacity_below_seated':
      return { count: refusal.count };
    case 'invalid_transition':
      return { from: refusal.from, allowed: refusal.allowed };
    case 'not_all_bookable':
      return { refused: refusal.refusals.map(refusedBookingOf) };
    case 'invalid_request':
      return { errors: refusal.errors.slice(0, FAULTS_MAX) };
    default:
      return {};
  }
}

const refusedBookingOf = ({ index, refusal }: RefusedBooking): ProblemFacts => ({
  index,
  code: refusal.code,
  title: PROBLEMS[refusal.code].title,
  ...factsOf(refusal),
});
