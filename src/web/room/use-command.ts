import { useState } from 'preact/hooks';
import { RefusedError } from '../lib/client.ts';
import { say } from '../lib/words.ts';

export interface Command {
  /** Whether a command is on its way: its buttons wait for it. */
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
    setSending(true);
    try {
      await command();
      setFault('');
    } catch (error) {
      setFault(faultInWords(error));
    }
    refresh();
    setSending(false);
  };
  return { isSending, fault, send };
}

function faultInWords(error: unknown): string {
  if (!(error instanceof RefusedError)) return say('problem.unreachable');
  const { code, detail } = error.problem;
  if (code === 'nobody_waiting') return say('room.nobodyWaiting');
  return code === 'forbidden' ? say('problem.forbidden') : detail;
}
