import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { useObservable } from '../lib/observable.ts';
import { dateOf, timeOf, useNow } from '../lib/time.ts';
import { Trouble } from '../lib/trouble.ts';
import { say } from '../lib/words.ts';
import { allowSound, soundIsAllowed } from './chime.ts';
import { DoctorPanel } from './doctor-panel.ts';
import { boardOptionsOf } from './options.ts';
import { pagesOf, useRotation } from './rotation.ts';
import { useCalls } from './use-calls.ts';

/** Doctors on one page of a screen that is wider than high, and of one that is higher than wide: more are hard to read from five metres. */
const PER_PAGE = { wide: 4, high: 3 } as const;
/** Milliseconds between two looks at the clock, which shows minutes. */
const CLOCK_MS = 1_000;

const wideScreen = matchMedia('(min-aspect-ratio: 1/1)');

/** The screen of a waiting room. */
export function Board(): VNode {
  const options = boardOptionsOf(location.search);
  const { department, hasSound, flashes } = options;
  const query = options.doctorIds.length === 0 ? {} : { doctor_id: [...options.doctorIds] };
  const queue = useLive('queue', '/queue', { query });
  const calling = useCalls(queue.data?.doctors ?? null, hasSound);
  const isWide = useWideScreen();
  const doctors = (queue.data?.doctors ?? []).filter(
    (doctor) =>
      (department === null || doctor.department === department) &&
      // Doctors who are not there today have no place on a screen that does not name them.
      (options.doctorIds.length > 0 || doctor.slots.length > 0),
  );
  const pages = pagesOf(doctors, isWide ? PER_PAGE.wide : PER_PAGE.high);
  const wanted = pages.findIndex((page) => page.some(({ doctor_id }) => calling.has(doctor_id)));
  const current = useRotation(pages.length, wanted);
  const shown = pages[current] ?? [];
  const timeZone = (shown[0] ?? queue.data?.doctors[0])?.time_zone;
  return html`<div class="board ${flashes ? 'flashes' : ''}">
    <header class="board-head">
      <h1>${department ?? say('board.title')}</h1>
      ${
        pages.length > 1
          ? html`<p>${say('board.page', { page: current + 1, pages: pages.length })}</p>`
          : null
      }
      ${hasSound ? html`<${SoundButton} />` : null}
      ${timeZone === undefined ? null : html`<${Clock} timeZone=${timeZone} />`}
    </header>
    <${Trouble} ...${queue} offline="board.offline" timeZone=${timeZone} />
    <main class="doctors count-${shown.length}">
      ${shown.map(
        (doctor) =>
          html`<${DoctorPanel}
            key=${doctor.doctor_id}
            doctor=${doctor}
            isCalling=${calling.has(doctor.doctor_id)}
          />`,
      )}
      ${
        queue.data !== null && doctors.length === 0
          ? html`<p class="nothing">${say('board.noDoctors')}</p>`
          : null
      }
    </main>
    <${Announcement} />
  </div>`;
}

/** The line that the desk wants everybody to read. */
function Announcement(): VNode {
  const { data } = useLive('announcement', '/announcement');
  return html`<div role="status">
    ${data === null || data.text === null ? null : html`<p class="announcement">${data.text}</p>`}
  </div>`;
}

function Clock({ timeZone }: { readonly timeZone: string }): VNode {
  const now = useNow(CLOCK_MS);
  return html`<p class="clock">
    <span>${dateOf(now, timeZone)}</span> <strong>${timeOf(now, timeZone)}</strong>
  </p>`;
}

/** Shown only as long as the browser forbids sounds. */
function SoundButton(): VNode | null {
  const isAllowed = useObservable(soundIsAllowed);
  useEffect(() => void allowSound(), []);
  return isAllowed
    ? null
    : html`<button type="button" onClick=${() => void allowSound()}>
        ${say('board.allowSound')}
      </button>`;
}

/** Whether the screen is wider than high. */
function useWideScreen(): boolean {
  const [isWide, setWide] = useState(wideScreen.matches);
  useEffect(() => {
    const changed = (): void => setWide(wideScreen.matches);
    wideScreen.addEventListener('change', changed);
    return () => wideScreen.removeEventListener('change', changed);
  }, []);
  return isWide;
}
