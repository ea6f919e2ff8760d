import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { LanguageChoice } from '../lib/language-choice.ts';
import { dateOf, timeOf } from '../lib/time.ts';
import { say, sayCode } from '../lib/words.ts';
import { CancelButton } from './cancel-button.ts';
import { newsOf } from './news.ts';
import { useStatus, type PatientStatus, type StatusState } from './use-status.ts';

/** The page of a patient: the own number, and what will happen to it. It never has a name of a patient. */
export function TicketPage(): VNode {
  const ticket = location.pathname.split('/').at(-1) ?? '';
  const [state, show] = useStatus(ticket);
  const { status, isUnknown } = state;
  useEffect(() => {
    if (status !== null) document.title = `${status.number} · ${headlineOf(status)}`;
  }, [status]);
  return html`<main class="ticket">
    <${Offline} ...${state} />
    ${isUnknown ? html`<p class="panel" role="alert">${say('ticket.unknown')}</p>` : null}
    ${status === null && !isUnknown ? html`<p role="status">${say('ticket.loading')}</p>` : null}
    ${
      status === null
        ? html`<h1 class="unseen">${say('ticket.title')}</h1>`
        : html`<${Ticket} ...${state} status=${status} /> ${
              status.can_cancel
                ? html`<${CancelButton} ticket=${ticket} onCancelled=${show} />`
                : null
            }`
    }
    <${LanguageChoice} />
  </main>`;
}

/** Says since when the page may be old. */
const Offline = ({ offlineSince, status }: StatusState): VNode =>
  html`<div role="alert">
    ${
      offlineSince === null
        ? null
        : html`<p class="ticket-offline">
            ${
              status === null
                ? say('problem.unreachable')
                : say('ticket.offline', { time: timeOf(offlineSince, status.time_zone) })
            }
          </p>`
    }
  </div>`;

type TicketProps = StatusState & { readonly status: PatientStatus };

function Ticket({ status, before }: TicketProps): VNode {
  const news = newsOf(before, status.status);
  return html`<h1>
      <span class="label">${say('ticket.number')}</span>
      <span class="number">${status.number}</span>
    </h1>
    <div role="status" class="ticket-state ${status.status.toLowerCase()}">
      ${news === null ? null : html`<p class="news">${say(news)}</p>`}
      <p class="in-words">${headlineOf(status)}</p>
      <p>${adviceOf(status)}</p>
    </div>
    <${Doctor} ...${status} />
    <${Facts} ...${status} />`;
}

/** The status in a few words. */
const headlineOf = ({ status }: PatientStatus): string =>
  status === 'IN_CONSULTATION' ? say('ticket.turn') : (sayCode('status', status) ?? status);

/** What the patient should do now, in one sentence. */
function adviceOf({ status, room, number }: PatientStatus): string {
  switch (status) {
    case 'IN_CONSULTATION':
      return room === null ? say('ticket.called') : say('ticket.calledTo', { room });
    case 'BOOKED':
      return say('ticket.booked');
    case 'CHECKED_IN':
      return say('ticket.here');
    case 'SKIPPED':
      return say('ticket.skipped');
    case 'WAITING':
      return say('ticket.waiting');
    case 'COMPLETED':
      return say('ticket.completed');
    case 'CANCELLED':
    case 'NO_SHOW':
    case 'EXPIRED':
      return say('ticket.over', { number });
  }
}

/** The doctor and the time of the appointment, and what is wrong with it. */
const Doctor = (status: PatientStatus): VNode =>
  html`<section class="panel">
    <h2>${status.doctor_name}</h2>
    <p>
      ${say('ticket.when', {
        date: dateOf(status.start_time, status.time_zone),
        from: timeOf(status.start_time, status.time_zone),
        until: timeOf(status.end_time, status.time_zone),
      })}
    </p>
    ${
      status.break_until !== null
        ? html`<p class="late">
            ${say('board.break', { time: timeOf(status.break_until, status.time_zone) })}
          </p>`
        : status.delay_minutes > 0
          ? html`<p class="late">${say('ticket.late', { minutes: status.delay_minutes })}</p>`
          : null
    }
  </section>`;

/** How many are before the patient, and when the patient is seen. */
function Facts(status: PatientStatus): VNode | null {
  const { ahead, waitlist_position, estimated_from, estimated_until, time_zone } = status;
  if (status.status === 'WAITING')
    return html`<dl class="panel facts">
      <div>
        <dt>${say('ticket.waitlistPlace')}</dt>
        <dd>${waitlist_position}</dd>
      </div>
    </dl>`;
  if (ahead === null || estimated_from === null || estimated_until === null) return null;
  return html`<dl class="panel facts">
    <div>
      <dt>${say('ticket.ahead')}</dt>
      <dd>${ahead}</dd>
    </div>
    <div>
      <dt>${say('ticket.time')}</dt>
      <dd class="time">
        ${timeOf(estimated_from, time_zone)} – ${timeOf(estimated_until, time_zone)}
      </dd>
    </div>
  </dl>`;
}
