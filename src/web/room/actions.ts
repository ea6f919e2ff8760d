import type { VNode } from 'preact';
import { call, type Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { say } from '../lib/words.ts';
import { useCommand } from './use-command.ts';

interface ActionsProps {
  readonly doctorId: string;
  readonly room: string | null;
  /** The patient who is with the doctor; undefined for nobody. */
  readonly current: Schemas['QueueToken'] | undefined;
  readonly refresh: () => void;
}

/** The buttons of a doctor. The largest one is what the doctor does most of the time. */
export function Actions({ doctorId, room, current, refresh }: ActionsProps): VNode {
  const { isSending, fault, send } = useCommand(refresh);
  const callNext = (how: { complete_current?: boolean; skip_current?: boolean }) =>
    send(() => {
      const place = { doctor_id: doctorId, ...(room === null ? {} : { room }) };
      return call('post', '/call-next', { body: { ...place, ...how } });
    });
  const id = current?.id ?? '';
  const end = (path: '/complete' | '/skip') =>
    send(() => call('post', path, { body: { token_id: id } }));
  return html`<section class="actions">
    <p class="fault" role="alert">${fault}</p>
    <button
      type="button"
      class="primary call"
      aria-disabled=${isSending}
      onClick=${() => callNext(current === undefined ? {} : { complete_current: true })}
    >
      ${current === undefined ? say('room.call') : say('room.callAfterDone')}
    </button>
    ${
      current === undefined
        ? null
        : html`<button
              type="button"
              aria-disabled=${isSending}
              onClick=${() => callNext({ skip_current: true })}
            >
              ${say('room.callAfterSkip')}
            </button>
            <button type="button" aria-disabled=${isSending} onClick=${() => end('/complete')}>
              ${say('room.done')}
            </button>
            <button type="button" aria-disabled=${isSending} onClick=${() => end('/skip')}>
              ${say('room.skip')}
            </button>`
    }
  </section>`;
}
