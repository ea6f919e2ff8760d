import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { dateOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { BookingForm } from './booking-form.ts';
import { CallNext } from './call-next.ts';
import type { DayProps, DoctorQueue } from './day.ts';
import { stateInWords } from './doctor-list.ts';
import { GoneList } from './gone-list.ts';
import { NumberForm } from './number-form.ts';
import { outcome, OutcomeBar } from './outcome.ts';
import { Keys } from './shortcuts.ts';
import { tokensOf } from './people.ts';
import { SidePanel } from './side-panel.ts';
import { SlotList } from './slot-list.ts';
import { show } from './view.ts';

interface DoctorDeskProps {
  readonly doctor: DoctorQueue;
  readonly doctors: readonly DoctorQueue[];
}

/** The day of one doctor, with everything that the desk does there. */
export function DoctorDesk({ doctor, doctors }: DoctorDeskProps): VNode {
  const { data, refresh } = useLive('schedule', '/schedule', {
    query: { doctor_id: doctor.doctor_id, date: doctor.date },
  });
  useEffect(() => outcome.subscribe(refresh), [refresh]);
  const slots = data?.slots ?? [];
  const tokens = useMemo(() => tokensOf(slots), [data]);
  const day: DayProps = { doctor, doctors, slots, tokens };
  const focused = useKeptFocus();
  return html`<main id="day" onFocusIn=${focused}>
      <${OutcomeBar} doctors=${doctors} />
      <${DayHead} ...${day} />
      ${data !== null && slots.length === 0 ? html`<p class="muted">${say('board.absent')}</p>` : null}
      <div class="slots">
        ${slots.map((slot) => html`<${SlotList} key=${slot.id} slot=${slot} ...${day} />`)}
      </div>
      <${GoneList} ...${day} />
    </main>
    <aside class="side" aria-label=${say('desk.acts')}>
      <${NumberForm} ...${day} />
      <${BookingForm} ...${day} />
      <${SidePanel} ...${day} />
    </aside>`;
}

/**
 * Keeps the focus on a token whose row is made anew, because the token went from the seats to the waitlist or back.
 * @returns takes the focus events of the lists
 */
function useKeptFocus(): (event: FocusEvent) => void {
  const tokenId = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (tokenId.current === null || document.activeElement !== document.body) return;
    const row = document.querySelector<HTMLElement>(
      `#day [data-token="${CSS.escape(tokenId.current)}"]`,
    );
    row?.focus({ preventScroll: true });
  });
  return ({ target }) => {
    tokenId.current = target instanceof HTMLElement ? (target.dataset['token'] ?? null) : null;
  };
}

function DayHead(day: DayProps): VNode {
  const { doctor, slots } = day;
  const start = slots[0]?.start_time ?? `${doctor.date}T12:00:00Z`;
  const state = stateInWords(doctor);
  return html`<div class="day-head">
    <h2>
      ${doctor.name} <small>${dateOf(start, doctor.time_zone)}</small>
      <${Keys} keys="Alt L ↑ ↓" />
      ${state === null ? null : html` <span class="tag warn">${state}</span>`}
    </h2>
    <${CallNext} ...${day} />
    <button id="doctor-button" type="button" onClick=${() => show({ panel: { kind: 'doctor' } })}>
      ${say('desk.doctorActs')} <${Keys} keys="Alt O" />
    </button>
    <button type="button" onClick=${() => print()}>${say('desk.printDay')}</button>
  </div>`;
}
