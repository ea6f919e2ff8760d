import { COMMAND_REFUSALS, type EngineCommand } from '../engine/index.ts';
import type { RefusalCode } from './refusal.ts';

interface CommandKind {
  /** Whether the first answer can be stored under an idempotency key, because a repeat would do more than the first. */
  readonly takesKey: boolean;
}

/** Every command that a caller can send, under the name that the engine gives it. */
export const COMMANDS = {
  book: { takesKey: true },
  cancel: { takesKey: true },
  noShow: { takesKey: true },
  checkIn: { takesKey: true },
  callNext: { takesKey: true },
  start: { takesKey: true },
  complete: { takesKey: true },
  move: { takesKey: true },
  reclassify: { takesKey: true },
  putDoctor: { takesKey: false },
  retireDoctor: { takesKey: false },
  takeLeave: { takesKey: true },
  endLeave: { takesKey: false },
  putHolidays: { takesKey: false },
  addSlot: { takesKey: true },
  reviseSlot: { takesKey: false },
  closeSlot: { takesKey: true },
  delayDay: { takesKey: true },
} as const satisfies Readonly<Partial<Record<EngineCommand, CommandKind>>>;
export type CommandName = keyof typeof COMMANDS;

/**
 * The codes with which a command refuses, in the order of the checks. A cancelled token is not in the engine any more,
 * and the service has a code of its own for it.
 */
export const refusalsOf = (command: CommandName): readonly RefusalCode[] =>
  COMMAND_REFUSALS[command].flatMap<RefusalCode>((code) =>
    code === 'token_not_found' ? [code, 'token_already_cancelled'] : [code],
  );
