import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { signOut, accessKey } from '../lib/access-key.ts';
import { html } from '../lib/html.ts';
import { LanguageChoice } from '../lib/language-choice.ts';
import { useLive } from '../lib/live.ts';
import { useObservable } from '../lib/observable.ts';
import { dayFrom, timeOf, useNow } from '../lib/time.ts';
import { Trouble } from '../lib/trouble.ts';
import { say } from '../lib/words.ts';
import { AnnouncementForm } from './announcement-form.ts';
import { DoctorDesk } from './doctor-desk.ts';
import { DoctorList } from './doctor-list.ts';
import { problemInWords } from './faults.ts';
import { FindForm } from './find-panel.ts';
import { outcome } from './outcome.ts';
import { useShortcuts } from './shortcuts.ts';
import { Slip } from './slip.ts';
import { ToTell } from './to-tell.ts';
import { show, view } from './view.ts';

/** Milliseconds between two looks at the clock, which shows minutes. */
const CLOCK_MS = 1_000;

/** The front desk: all doctors of a day, and the day of one of them. */
export function Desk(): VNode {
  const { doctorId, date } = useObservable(view);
  const queue = useLive('queue', '/queue', { query: date === null ? {} : { date } });
  useEffect(() => outcome.subscribe(queue.refresh), [queue.refresh]);
  useShortcuts();
  const doctors = queue.data?.doctors ?? [];
  const doctor = doctors.find(({ doctor_id }) => doctor_id === doctorId) ?? doctors[0];
  return html`<div class="desk">
      <header class="desk-head">
        <h1>${say('desk.title')}</h1>
        <${DateChoice} date=${doctor?.date ?? ''} />
        <${FindForm} date=${doctor?.date ?? ''} />
        ${doctor === undefined ? null : html`<${Clock} timeZone=${doctor.time_zone} />`}
      </header>
      <${Trouble}
        ...${queue}
        offline="desk.offline"
        timeZone=${doctor?.time_zone}
        inWords=${problemInWords}
      />
      <div class="desk-body">
        <nav class="rail">
          <${DoctorList} doctors=${doctors} chosen=${doctor?.doctor_id ?? ''} />
        </nav>
        ${
          doctor === undefined
            ? html`<main>
                <p class="muted">
                  ${queue.data === null ? say('desk.loading') : say('board.noDoctors')}
                </p>
              </main>`
            : html`<${DoctorDesk}
                key="${doctor.doctor_id} ${doctor.date}"
                doctor=${doctor}
                doctors=${doctors}
              />`
        }
        <div class="below">
          <${ToTell} doctors=${doctors} />
          <${AnnouncementForm} />
          <${LanguageChoice} />
          <${SignOut} />
        </div>
      </div>
    </div>
    <${Slip} doctors=${doctors} />`;
}

/** The date of the desk, and the days around it. */
function DateChoice({ date }: { readonly date: string }): VNode {
  const goTo = (days: number): void => show({ date: dayFrom(date, days), panel: null });
  const chosen = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void =>
    show({ date: currentTarget.value === '' ? null : currentTarget.value, panel: null });
  return html`<div class="date">
    <button type="button" aria-label=${say('desk.dayBefore')} onClick=${() => goTo(-1)}>◀</button>
    <label class="unseen" for="date">${say('desk.date')}</label>
    <input id="date" type="date" value=${date} onChange=${chosen} />
    <button type="button" aria-label=${say('desk.dayAfter')} onClick=${() => goTo(1)}>▶</button>
    <button type="button" onClick=${() => show({ date: null, panel: null })}>
      ${say('desk.today')}
    </button>
  </div>`;
}

function Clock({ timeZone }: { readonly timeZone: string }): VNode {
  return html`<p class="clock">${timeOf(useNow(CLOCK_MS), timeZone)}</p>`;
}

/** The button by which a shared computer forgets its key. Without a key there is none. */
function SignOut(): VNode | null {
  return useObservable(accessKey) === null
    ? null
    : html`<p><button type="button" onClick=${signOut}>${say('signIn.out')}</button></p>`;
}
