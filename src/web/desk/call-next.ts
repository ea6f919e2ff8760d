import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { call } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { say } from '../lib/words.ts';
import type { DayProps } from './day.ts';
import { useSending } from './faults.ts';
import { report } from './outcome.ts';
import { peopleOf } from './people.ts';
import { Keys } from './shortcuts.ts';

/** What happens to the patient who is with the doctor. */
type Current = 'complete_current' | 'skip_current' | null;

/** Calls the next patient. While somebody is with the doctor, this visit is completed or skipped first. */
export function CallNext({ doctor, tokens }: DayProps): VNode {
  const { faults, send } = useSending([]);
  const room = useRef<HTMLInputElement>(null);
  const isBusy = doctor.in_consultation.length >= doctor.rooms;
  const press = (current: Current): Promise<void> =>
    send(async () => {
      const given = room.current?.value.trim() ?? '';
      const called = await call('post', '/call-next', {
        body: {
          doctor_id: doctor.doctor_id,
          ...(given === '' ? {} : { room: given }),
          ...(current === null ? {} : { [current]: true }),
        },
      });
      report({
        words: say('desk.done.start', { number: called.number, name: called.patient_name }),
        token: called,
        canUndo: true,
        people: peopleOf(called, tokens),
      });
    });
  const buttons: readonly Current[] = isBusy ? ['complete_current', 'skip_current'] : [null];
  return html`<div id="call-next" class="call-next">
    ${
      doctor.rooms > 1
        ? html`<label>${say('desk.room')} <input ref=${room} class="room" maxlength="32" /></label>`
        : null
    }
    ${buttons.map(
      (current, index) =>
        html`<button
          key=${current ?? 'call'}
          type="button"
          class=${index === 0 ? 'primary' : ''}
          onClick=${() => press(current)}
        >
          ${say(LABELS[current ?? 'call'])} ${index === 0 ? html`<${Keys} keys="Alt C" />` : null}
        </button>`,
    )}
    <p class="fault" role="alert">${faults.form}</p>
  </div>`;
}

const LABELS = {
  call: 'desk.callNext',
  complete_current: 'desk.completeAndCall',
  skip_current: 'desk.skipAndCall',
} as const;
