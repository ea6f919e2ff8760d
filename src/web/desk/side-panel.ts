import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { useObservable } from '../lib/observable.ts';
import { say } from '../lib/words.ts';
import type { DayProps } from './day.ts';
import { DoctorPanel } from './doctor-panel.ts';
import { FoundPatients } from './find-panel.ts';
import { SlotPanel } from './slot-panel.ts';
import { TokenPanel } from './token-panel.ts';
import { show, view, type Panel } from './view.ts';

/** What the user works on: a token, a slot, the doctor, or the patients that were found. Escape closes it. */
export function SidePanel(day: DayProps): VNode | null {
  const { panel } = useObservable(view);
  const place = useRef<HTMLElement>(null);
  const asks = panel === null ? null : JSON.stringify(panel);
  useLayoutEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
    // What asks for something has the focus; a token that was only chosen leaves it in the list.
    const wants = panel !== null && (panel.kind !== 'token' || panel.act !== null);
    if (wants && panel.kind !== 'find')
      place.current?.querySelector<HTMLElement>('form input, form select, form button')?.focus();
  }, [asks]);
  if (panel === null) return null;
  const close = (): void => {
    show({ panel: null });
    backTo(panel);
  };
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close();
  };
  return html`<section
    class="panel work"
    ref=${place}
    onKeyDown=${pressed}
    aria-label=${say('desk.work')}
  >
    <button type="button" class="close" onClick=${close}>
      ${say('desk.close')} <kbd>Esc</kbd>
    </button>
    ${contentOf(panel, day)}
  </section>`;
}

function contentOf(panel: Panel, day: DayProps): VNode | null {
  switch (panel.kind) {
    case 'token':
      return html`<${TokenPanel} key=${panel.id} ...${day} id=${panel.id} act=${panel.act} />`;
    case 'slot': {
      const slot = day.slots.find(({ id }) => id === panel.id);
      return slot === undefined
        ? null
        : html`<${SlotPanel} key=${slot.id} ...${day} slot=${slot} />`;
    }
    case 'doctor':
      return html`<${DoctorPanel} ...${day} />`;
    case 'find':
      return html`<${FoundPatients} ...${day} />`;
  }
}

/** Gives the focus back to what the panel was opened from. */
function backTo(panel: Panel): void {
  const opener =
    panel.kind === 'token'
      ? `[data-token="${CSS.escape(panel.id)}"]`
      : panel.kind === 'doctor'
        ? '#doctor-button'
        : '#number-number';
  document.querySelector<HTMLElement>(opener)?.focus();
}
