import { publish } from '../telemetry/index.ts';
import type { Answer } from './idempotency.ts';

/** A command on its way to an answer. */
interface StartedCommand {
  /** The command's name; the ids in the middle of a path are left out of the event. */
  readonly name: string;
  /** On the clock of `performance`. */
  readonly startedMs: number;
}

/** Publishes that a command has its answer, and returns the answer. */
export function published<T>({ name, startedMs }: StartedCommand, answer: Answer<T>): Answer<T> {
  publish('opd:command', () => ({
    name: name.replace(/\/.*\//, '/'),
    outcome: answer.result.ok ? 'ok' : answer.result.refusal.code,
    isReplay: answer.isReplay,
    ms: performance.now() - startedMs,
  }));
  return answer;
}
