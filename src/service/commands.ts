import { COMMAND_REFUSALS, type EngineCommand } from '../engine/index.ts';
import type { RefusalCode } from './refusal.ts';

interface CommandKind {
  /** Whether the first answer can be stored under an idempotency key, because a repeat would do more than the first. */
  readonly takesKey: boolean;
  /** Whether the command also takes a token that is over. */
  readonly takesOver?: boolean;
}

/** A command that the service makes of several commands of the engine. */
type ComposedCommand = 'bookAll';

/** Every command that a caller can send, under the name that the engine gives it. */
export const COMMANDS = {
  book: { takesKey: true },
  bookAll: { takesKey: true },
  cancel: { takesKey: true },
  noShow: { takesKey: true },
  checkIn: { takesKey: true },
  callNext: { takesKey: true },
  start: { takesKey: true },
  complete: { takesKey: true },
  skip: { takesKey: true },
  undo: { takesKey: true, takesOver: true },
  correct: { takesKey: false, takesOver: true },
  move: { takesKey: true },
  reclassify: { takesKey: true },
  putDoctor: { takesKey: false },
  retireDoctor: { takesKey: false },
  takeLeave: { takesKey: true },
  endLeave: { takesKey: false },
  putHolidays: { takesKey: false },
  announce: { takesKey: false },
  addSlot: { takesKey: true },
  reviseSlot: { takesKey: false },
  closeSlot: { takesKey: true },
  reopenSlot: { takesKey: true },
  delayDay: { takesKey: true },
  setBreak: { takesKey: true },
} as const satisfies Readonly<Partial<Record<EngineCommand | ComposedCommand, CommandKind>>>;
export type CommandName = keyof typeof COMMANDS;

/** Whether a command also takes a token that is over. */
export function takesOver(command: CommandName): boolean {
  const kind: CommandKind = COMMANDS[command];
  return kind.takesOver === true;
}

/**
 * The codes with which a command refuses, in the order of the checks. A command that takes only live tokens has a code
 * of its own for a cancelled one.
 */
export const refusalsOf = (command: CommandName): readonly RefusalCode[] =>
  command === 'bookAll'
    ? ['not_all_bookable']
    : COMMAND_REFUSALS[command].flatMap<RefusalCode>((code) =>
        code === 'token_not_found' && !takesOver(command)
          ? [code, 'token_already_cancelled']
          : [code],
      );
