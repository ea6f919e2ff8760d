import { useState } from 'preact/hooks';
import { RefusedError } from '../lib/client.ts';
import { say } from '../lib/words.ts';

/**
 * Milliseconds after a command in which no further one is sent. The second tap of a double tap would otherwise complete the
 * patient whom the first one has called.
 */
const PAUSE_MS = 700;

export interface Command {
  /** Whether a command is on its way, or has just been answered: buttons do nothing then. */
  readonly isSending: boolean;
  /** Why the last command was refused, in words; empty when it was not. */
  readonly fault: string;
  /** Sends a command. */
  readonly send: (command: () => Promise<unknown>) => Promise<void>;
}

/**
 * Sends commands one at a time.
 * @param refresh called after each, so that the page shows its effect at once
 */
export function useCommand(refresh: () => void): Command {
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState('');
  const send = async (command: () => Promise<unknown>): Promise<void> => {
    if (isSending) return;
    setSending(true);
    try {
      await command();
      setFault('');
    } catch (error) {
      setFault(faultInWords(error));
    }
    refresh();
    setTimeout(() => setSending(false), PAUSE_MS);
  };
  return { isSending, fault, send };
}

function faultInWords(error: unknown): string {
  if (!(error instanceof RefusedError)) return say('problem.unreachable');
  const { code, detail } = error.problem;
  if (code === 'nobody_waiting') return say('room.nobodyWaiting');
  return code === 'forbidden' ? say('problem.forbidden') : detail;
}
