import type { VNode } from 'preact';
import type { Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { timeOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { Keys } from './shortcuts.ts';
import { show } from './view.ts';

type DoctorQueue = Schemas['DoctorQueue'];

interface DoctorListProps {
  readonly doctors: readonly DoctorQueue[];
  /** The id of the doctor whose day is shown. */
  readonly chosen: string;
}

/** The day across all doctors: who is with each, how many are here and how many wait. */
export function DoctorList({ doctors, chosen }: DoctorListProps): VNode {
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const place = doctors.findIndex(({ doctor_id }) => doctor_id === chosen) + (step ?? 0);
    const next = doctors[place];
    if (step === undefined || next === undefined) return;
    event.preventDefault();
    show({ doctorId: next.doctor_id, panel: null });
    document.getElementById(`doctor-${next.doctor_id}`)?.focus();
  };
  return html`<section id="doctors" class="doctors" aria-labelledby="doctors-title">
    <h2 id="doctors-title">${say('desk.doctors')} <${Keys} keys="Alt D ↑ ↓" /></h2>
    <ul onKeyDown=${move}>
      ${doctors.map(
        (doctor) =>
          html`<li key=${doctor.doctor_id}>
            <button
              id="doctor-${doctor.doctor_id}"
              type="button"
              aria-current=${doctor.doctor_id === chosen ? 'true' : 'false'}
              onClick=${() => show({ doctorId: doctor.doctor_id, panel: null })}
            >
              <${DoctorLine} doctor=${doctor} />
            </button>
          </li>`,
      )}
    </ul>
  </section>`;
}

function DoctorLine({ doctor }: { readonly doctor: DoctorQueue }): VNode {
  const here = doctor.calling_order.filter(({ status }) => status === 'CHECKED_IN');
  const hasEmergency = here.some(({ type }) => type === 'EMERGENCY');
  const now = doctor.in_consultation.map(({ number }) => number).join(', ');
  const state = stateInWords(doctor);
  return html`<strong>${doctor.name}</strong>
    <span class="counts">
      <span>${say('desk.nowNumber', { number: now === '' ? '–' : now })}</span>
      <span>${say('desk.hereCount', { count: here.length })}</span>
      <span>${say('desk.waitCount', { count: doctor.waiting.length })}</span>
    </span>
    ${hasEmergency ? html`<span class="tag EMERGENCY">${say('class.EMERGENCY')}</span>` : null}
    ${state === null ? null : html`<span class="tag warn">${state}</span>`}`;
}

/** A break, a delay, or a day without open slots; null for a doctor who works as planned. */
export function stateInWords({ break_until, slots, time_zone }: DoctorQueue): string | null {
  if (slots.length === 0) return say('board.absent');
  if (break_until !== null) return say('board.break', { time: timeOf(break_until, time_zone) });
  const open = slots.find(({ status }) => status === 'OPEN');
  if (open === undefined)
    return slots.some(({ status }) => status === 'CLOSED') ? say('desk.closed') : say('board.over');
  return open.delay_minutes > 0 ? say('board.late', { minutes: open.delay_minutes }) : null;
}
