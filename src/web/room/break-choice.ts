import type { VNode } from 'preact';
import { call } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { timeOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { useCommand } from './use-command.ts';

/** The lengths of breaks, in minutes. */
const BREAKS = [5, 10, 15, 30] as const;

interface BreakChoiceProps {
  readonly doctorId: string;
  /** The end of the doctor's break; null for none. */
  readonly until: string | null;
  readonly timeZone: string;
  readonly refresh: () => void;
}

/** Begins a break, or ends it. */
export function BreakChoice({ doctorId, until, timeZone, refresh }: BreakChoiceProps): VNode {
  const { isSending, fault, send } = useCommand(refresh);
  const take = (minutes: number) =>
    send(() => call('post', '/doctors/{id}/break', { path: { id: doctorId }, body: { minutes } }));
  return html`<section class="break ${until === null ? '' : 'on'}">
    <div role="status">
      <h2>
        ${until === null ? say('room.break') : say('board.break', { time: timeOf(until, timeZone) })}
      </h2>
    </div>
    <div class="choices">
      ${
        until === null
          ? BREAKS.map(
              (minutes) =>
                html`<button
                  key=${minutes}
                  type="button"
                  aria-disabled=${isSending}
                  onClick=${() => take(minutes)}
                >
                  ${say('room.minutes', { minutes })}
                </button>`,
            )
          : html`<button type="button" aria-disabled=${isSending} onClick=${() => take(0)}>
              ${say('room.endBreak')}
            </button>`
      }
    </div>
    <p class="fault" role="alert">${fault}</p>
  </section>`;
}
