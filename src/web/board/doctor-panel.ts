import type { VNode } from 'preact';
import type { Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import { doctorStateOf, type DoctorState } from './doctor-state.ts';

type DoctorQueue = Schemas['DoctorQueue'];
type QueueToken = Schemas['QueueToken'];

/** How many numbers a list shows at most. */
const NEXT_MAX = 5;
const OTHERS_MAX = 6;

interface DoctorPanelProps {
  readonly doctor: DoctorQueue;
  /** Whether the doctor has just called a patient. */
  readonly isCalling: boolean;
}

/** One doctor on the board: whom the doctor sees now, who is next, and what everybody must know. */
export function DoctorPanel({ doctor, isCalling }: DoctorPanelProps): VNode {
  const state = doctorStateOf(doctor);
  const here = doctor.calling_order.filter(({ status }) => status === 'CHECKED_IN');
  const away = doctor.calling_order.filter(({ status }) => status === 'BOOKED');
  return html`<section class="doctor ${isCalling ? 'calling' : ''}" aria-label=${doctor.name}>
    <header>
      <h2>${doctor.name}</h2>
      <${StateLine} state=${state} timeZone=${doctor.time_zone} />
    </header>
    <div class="now">
      <h3>${say('board.now')}</h3>
      <${Now} tokens=${doctor.in_consultation} rooms=${doctor.rooms} />
    </div>
    <div class="next">
      <h3>${say('board.next')}</h3>
      <${Next} tokens=${here.slice(0, NEXT_MAX)} />
    </div>
    <footer>
      <p>
        <strong>${say('board.waiting', { count: here.length })}</strong>
        ${
          doctor.waiting.length > 0
            ? html`<span>${say('board.waitlist', { count: doctor.waiting.length })}</span>`
            : null
        }
      </p>
      <${NumberLine} label=${say('board.missed')} tokens=${doctor.skipped} />
      <${NumberLine} label=${say('board.away')} look="away" tokens=${away} />
    </footer>
  </section>`;
}

/** Who is with the doctor: the number, and the room when it has a name. It is read aloud when it changes. */
function Now({ tokens }: { readonly tokens: readonly QueueToken[] }): VNode {
  return html`<ul aria-live="polite" class=${tokens.length > 1 ? 'several' : ''}>
    ${tokens.length === 0 ? html`<li class="nobody">–</li>` : null}
    ${tokens.map(
      ({ number, room }) =>
        html`<li key=${number}>
          <span class="number">${number}</span>
          ${room === null ? null : html`<span class="room">${say('board.room', { room })}</span>`}
        </li>`,
    )}
  </ul>`;
}

/** The numbers that are called next, in their order, each with its class. */
function Next({ tokens }: { readonly tokens: readonly QueueToken[] }): VNode {
  return html`<ol>
    ${tokens.length === 0 ? html`<li class="nobody">–</li>` : null}
    ${tokens.map(
      ({ number, type }) =>
        html`<li key=${number} class=${type === 'EMERGENCY' ? 'emergency' : ''}>
          <span class="number">${number}</span>
          <span class="class">${sayCode('class', type) ?? type}</span>
        </li>`,
    )}
  </ol>`;
}

interface NumberLineProps {
  readonly label: string;
  /** The class of the paragraph. */
  readonly look?: string;
  readonly tokens: readonly QueueToken[];
}

/** A line of numbers behind a label; nothing when there are no numbers. */
function NumberLine({ label, look, tokens }: NumberLineProps): VNode | null {
  if (tokens.length === 0) return null;
  const numbers = tokens.slice(0, OTHERS_MAX).map(({ number }) => number);
  const more = tokens.length > OTHERS_MAX ? ' …' : '';
  return html`<p class=${look}>
    <span>${label} <strong>${numbers.join(' · ')}${more}</strong></span>
  </p>`;
}

interface StateLineProps {
  readonly state: DoctorState;
  readonly timeZone: string;
}

/** A doctor who is late, has a break or sees nobody any more. */
function StateLine({ state, timeZone }: StateLineProps): VNode | null {
  const words = stateInWords(state, timeZone);
  return words === null ? null : html`<p class="doctor-state">${words}</p>`;
}

function stateInWords(state: DoctorState, timeZone: string): string | null {
  switch (state.kind) {
    case 'open':
      return null;
    case 'break':
      return say('board.break', { time: timeOf(state.until, timeZone) });
    case 'late':
      return say('board.late', { minutes: state.minutes });
    case 'closed':
      return say('board.closed');
    case 'over':
      return say('board.over');
    case 'absent':
      return say('board.absent');
  }
}
