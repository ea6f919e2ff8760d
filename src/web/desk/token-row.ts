import type { VNode } from 'preact';
import { html } from '../lib/html.ts';
import { useObservable } from '../lib/observable.ts';
import { timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import type { DayProps, Token } from './day.ts';
import { startTokenAct } from './start-token-act.ts';
import { actsFor, TOKEN_ACTS } from './token-acts.ts';
import { show, view } from './view.ts';

type TokenRowProps = DayProps & { readonly token: Token };

/** A token in a list. While it has the focus, a letter acts on it, and the arrows lead to its neighbours. */
export function TokenRow({ token, ...day }: TokenRowProps): VNode {
  const { panel } = useObservable(view);
  const isChosen = panel?.kind === 'token' && panel.id === token.id;
  const open = (): void => show({ panel: { kind: 'token', id: token.id, act: null } });
  const pressed = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      focusNeighbour(event.currentTarget, step);
      return;
    }
    const act = actsFor(token.status).find((name) => TOKEN_ACTS[name].key === event.key);
    if (act === undefined) return;
    event.preventDefault();
    startTokenAct(act, token, day);
  };
  return html`<li class=${token.status}>
    <button
      type="button"
      class="token ${isChosen ? 'chosen' : ''}"
      data-token=${token.id}
      aria-expanded=${isChosen}
      onClick=${open}
      onKeyDown=${pressed}
    >
      <b class="number">${token.number}</b>
      <span class="who"
        >${token.patient_name}
        ${token.patient_id === undefined ? null : html`<small>${token.patient_id}</small>`}</span
      >
      <span class="tag ${token.type}">${sayCode('class', token.type) ?? token.type}</span>
      <span class="status">${statusInWords(token, day.doctor.time_zone)}</span>
    </button>
  </li>`;
}

function statusInWords(
  { status, room, waitlist_position, estimated_time }: Token,
  timeZone: string,
): string {
  const words = sayCode('status', status) ?? status;
  if (waitlist_position !== null) return say('desk.position', { position: waitlist_position });
  if (status === 'IN_CONSULTATION' && room) return `${words}, ${say('board.room', { room })}`;
  return estimated_time === null || status === 'IN_CONSULTATION'
    ? words
    : `${words} · ${timeOf(estimated_time, timeZone)}`;
}

function focusNeighbour(row: EventTarget | null, step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('#day [data-token]')];
  rows[rows.findIndex((each) => each === row) + step]?.focus();
}
