import type { AllocationEngine, EpochMs, Outcome } from '../engine/index.ts';
import type { Scope } from '../store/index.ts';
import type { CommandContext } from './caller.ts';
import type { CommandName } from './commands.ts';
import type { Answer } from './idempotency.ts';
import type { Result } from './refusal.ts';
import type { CommandStep, Intent, Runner } from './runner.ts';

/** A command that can be a dry run: the same answer, and no change. */
export interface DryRunnable {
  readonly isDryRun: boolean;
}

/** A step that decides on the engine that it is given. */
export type EngineStep<Value, View> = Omit<CommandStep<Value, View>, 'decide'> & {
  readonly decide: (engine: AllocationEngine, at: EpochMs) => Outcome<Value>;
};

/**
 * Runs a command that can be a dry run. A dry run stores no answer: its idempotency key, if any, stays unused.
 * @param reason goes on record with each change of the command
 */
export function runDryRunnable<View>(
  runner: Runner,
  name: CommandName,
  { isDryRun }: DryRunnable,
  context: CommandContext,
  command: (intent: Intent) => Promise<Result<View>>,
  reason: string | null = null,
): Promise<Answer<View>> {
  const own = isDryRun ? { ...context, idempotency: null } : context;
  return runner.run(name, own, command, reason);
}

/** Runs a step on the engine; a dry run, on a copy of its doctors: the same code, and so the same answer. */
export const decideOrDryRun = <Value, View>(
  runner: Runner,
  engine: AllocationEngine,
  scope: Scope,
  intent: Intent,
  step: EngineStep<Value, View>,
): Promise<Result<View>> =>
  runner.decide(scope, intent, {
    ...step,
    decide: (at) => step.decide(step.isDryRun ? engine.copyForDryRun(scope.doctorIds) : engine, at),
  });
