import type { VNode } from 'preact';
import { html } from '../lib/html.ts';
import { timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import { titleOf, type DayProps, type Slot } from './day.ts';
import { TokenRow } from './token-row.ts';
import { show } from './view.ts';

type SlotListProps = DayProps & { readonly slot: Slot };

/** A slot as a ranked list: the seated patients, the line of the capacity, and the waitlist. */
export function SlotList({ slot, ...day }: SlotListProps): VNode {
  const title = titleOf(slot, day);
  const full = slot.seats_left === 0;
  return html`<section class="slot ${slot.status}" aria-label=${title}>
    <header>
      <h3>${title}</h3>
      <p>
        ${slotNotes(slot, day.doctor.time_zone).map((note) => html`<span key=${note} class="tag warn">${note}</span> `)}
      </p>
      <button
        type="button"
        aria-label="${say('desk.changeSlot')} ${title}"
        onClick=${() => show({ panel: { kind: 'slot', id: slot.id } })}
      >
        ${say('desk.changeSlot')}
      </button>
    </header>
    <ol class="ranked">
      ${slot.tokens.map((token) => html`<${TokenRow} key=${token.id} token=${token} ...${day} />`)}
    </ol>
    <p class="capacity ${full ? 'full' : ''}">
      ${say('desk.seats', { seated: slot.seated, capacity: slot.capacity })}
      ${full ? '' : ` · ${say('desk.seatsLeft', { count: slot.seats_left })}`}
    </p>
    ${
      slot.waitlist.length === 0
        ? null
        : html`<ol class="ranked waitlist" aria-label=${say('status.WAITING')}>
            ${slot.waitlist.map(
              (token) => html`<${TokenRow} key=${token.id} token=${token} ...${day} />`,
            )}
          </ol>`
    }
  </section>`;
}

/** What is out of the ordinary about a slot. */
function slotNotes(
  { status, intake, delay_minutes, expected_start_time, kept }: Slot,
  timeZone: string,
): readonly string[] {
  return [
    ...(status === 'OPEN' ? [] : [say(status === 'CLOSED' ? 'desk.closed' : 'desk.ended')]),
    ...(delay_minutes > 0 && status === 'OPEN'
      ? [say('desk.startsAt', { time: timeOf(expected_start_time, timeZone) })]
      : []),
    ...(intake === 'ALL' || status !== 'OPEN' ? [] : [sayCode('intake', intake) ?? intake]),
    ...(kept ? [say('desk.kept')] : []),
  ];
}
