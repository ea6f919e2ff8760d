import { publish } from '../telemetry/index.ts';
import type { CommandName } from './commands.ts';
import type { Answer } from './idempotency.ts';

/** A command that has no answer yet. */
interface StartedCommand {
  readonly name: CommandName;
  /** Milliseconds on the clock of `performance`. */
  readonly startedMs: number;
}

/** Publishes that a command has its answer, and returns the answer. */
export function published<T>({ name, startedMs }: StartedCommand, answer: Answer<T>): Answer<T> {
  publish('opd:command', () => ({
    name,
    outcome: answer.result.ok ? 'ok' : answer.result.refusal.code,
    isReplay: answer.isReplay,
    ms: performance.now() - startedMs,
  }));
  return answer;
}
