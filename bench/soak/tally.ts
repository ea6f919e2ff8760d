import type { Phase } from './timeline.ts';

/** What became of the requests of one kind. */
export interface Outcomes {
  sent: number;
  succeeded: number;
  refused: number;
  /** Answered with 503, so that the client repeats the request. */
  postponed: number;
  unanswered: number;
}

/** Counts requests and answers, and their times by phase. */
export class Tally {
  readonly operations = new Map<string, Outcomes>();
  /** The number of answers by status and code. */
  readonly answers = new Map<string, number>();
  /** Milliseconds from each request to its answer, by the phase in which the request was sent. */
  readonly times = new Map<Phase, number[]>();
  /** The number of connections of rude clients by what they did. */
  readonly rude = new Map<string, number>();
  requests = 0;

  /** @param answer the status and, of a problem, the code; null when there is no answer */
  add(operation: string, answer: string | null, phase: Phase, ms: number): void {
    const outcomes = this.operations.get(operation) ?? {
      ...{ sent: 0, succeeded: 0, refused: 0, postponed: 0, unanswered: 0 },
    };
    this.operations.set(operation, outcomes);
    this.requests += 1;
    outcomes.sent += 1;
    outcomes[outcomeOf(answer)] += 1;
    const shown = answer ?? 'no answer';
    this.answers.set(shown, (this.answers.get(shown) ?? 0) + 1);
    if (answer === null) return;
    const times = this.times.get(phase) ?? [];
    this.times.set(phase, times);
    times.push(ms);
  }
}

function outcomeOf(answer: string | null): Exclude<keyof Outcomes, 'sent'> {
  if (answer === null) return 'unanswered';
  if (answer.startsWith('2')) return 'succeeded';
  return answer.startsWith('503') ? 'postponed' : 'refused';
}
