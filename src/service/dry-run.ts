import type { CommandContext } from './caller.ts';
import type { CommandName } from './commands.ts';
import type { Answer } from './idempotency.ts';
import type { Result } from './refusal.ts';
import type { Intent, Runner } from './runner.ts';

/** A command that can be a dry run: the same answer, and no change. */
export interface DryRunnable {
  readonly isDryRun: boolean;
}

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
