import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { call, RefusedError } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { say } from '../lib/words.ts';
import type { PatientStatus } from './use-status.ts';

interface CancelButtonProps {
  readonly ticket: string;
  readonly onCancelled: (status: PatientStatus) => void;
}

/** Cancels the appointment after a second question. */
export function CancelButton({ ticket, onCancelled }: CancelButtonProps): VNode {
  const [isAsking, setAsking] = useState(false);
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState('');
  const cancel = async (): Promise<void> => {
    setSending(true);
    try {
      onCancelled(await call('post', '/t/{ticket}/cancel', { path: { ticket } }));
    } catch (error) {
      const isRefused = error instanceof RefusedError;
      setFault(isRefused ? say('ticket.cancelRefused') : say('problem.unreachable'));
    }
    setSending(false);
    setAsking(false);
  };
  return html`<section class="cancel">
    ${
      isAsking
        ? html`<p id="cancel-question">${say('ticket.cancelQuestion')}</p>
            <div class="choices" role="group" aria-labelledby="cancel-question">
              <button type="button" class="danger" disabled=${isSending} onClick=${cancel}>
                ${say('ticket.cancelYes')}
              </button>
              <button type="button" disabled=${isSending} onClick=${() => setAsking(false)}>
                ${say('ticket.cancelNo')}
              </button>
            </div>`
        : html`<button type="button" onClick=${() => setAsking(true)}>
            ${say('ticket.cancel')}
          </button>`
    }
    <p class="fault" role="alert">${fault}</p>
  </section>`;
}
