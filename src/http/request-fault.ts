import type { ProblemCode } from './problem.ts';
import type { ProblemFacts } from './resources/problem.ts';

/** A fault of a request that is found where no answer can be sent. The error handler answers with its problem. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault';
  readonly problem: ProblemCode;
  readonly facts: ProblemFacts;

  constructor(problem: ProblemCode, facts: ProblemFacts = {}) {
    super(problem);
    this.problem = problem;
    this.facts = facts;
  }
}
