import type { VNode } from 'preact';
import { call } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { say } from '../lib/words.ts';
import { useSending } from './faults.ts';
import { Field, valuesOf } from './field.ts';

/** The line that all boards of the hospital show: sets it and ends it. */
export function AnnouncementForm(): VNode {
  const { data, refresh } = useLive('announcement', '/announcement');
  const { faults, send } = useSending(['text']);
  const announce = (text: string | null, form?: HTMLFormElement): Promise<void> =>
    send(
      async () => {
        await call('put', '/announcement', { body: { text } });
        form?.reset();
        refresh();
      },
      { text: text ?? '' },
    );
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    void announce(valuesOf(form)['text'] ?? '', form);
  };
  const text = data?.text ?? null;
  return html`<form
    class="panel announcement-form stack"
    aria-label=${say('desk.announce')}
    novalidate
    onSubmit=${submit}
  >
    <p role="status">${text === null ? '' : say('desk.announced', { text })}</p>
    ${
      text === null
        ? null
        : html`<button type="button" onClick=${() => announce(null)}>
            ${say('desk.endAnnouncement')}
          </button>`
    }
    <${Field}
      ...${{ form: 'announcement', name: 'text', label: say('desk.announcement') }}
      fault=${faults.fields['text'] ?? faults.form}
    />
    <button>${say('desk.announce')}</button>
  </form>`;
}
