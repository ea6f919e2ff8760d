import type { VNode } from 'preact';
import type { Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { LanguageChoice } from '../lib/language-choice.ts';
import { useLive } from '../lib/live.ts';
import { useObservable } from '../lib/observable.ts';
import { Trouble } from '../lib/trouble.ts';
import { say, sayCode } from '../lib/words.ts';
import { Actions } from './actions.ts';
import { BreakChoice } from './break-choice.ts';
import { goTo, place } from './place.ts';

type DoctorQueue = Schemas['DoctorQueue'];
type QueueToken = Schemas['QueueToken'];

/** How many patients of a list are shown. */
const LIST_MAX = 12;

/** The page of a doctor: who is there, who is next, and the buttons for both. */
export function RoomPage(): VNode {
  const { doctorId } = useObservable(place);
  return doctorId === null
    ? html`<${DoctorChoice} />`
    : html`<${Room} key=${doctorId} doctorId=${doctorId} hasChoice />`;
}

/** Asks which doctor uses the page. A key for one doctor leaves nothing to ask. */
function DoctorChoice(): VNode {
  const queue = useLive('queue', '/queue');
  const doctors = queue.data?.doctors ?? [];
  const [only] = doctors;
  if (only !== undefined && doctors.length === 1)
    return html`<${Room} doctorId=${only.doctor_id} hasChoice=${false} />`;
  return html`<main class="narrow">
    <h1>${say('room.choose')}</h1>
    <${Trouble} ...${queue} offline="room.offline" timeZone=${doctors[0]?.time_zone} look="fault" />
    <ul class="cards">
      ${doctors.map(
        ({ doctor_id, name }) =>
          html`<li key=${doctor_id}>
            <button type="button" onClick=${() => goTo({ doctorId: doctor_id, room: null })}>
              ${name}
            </button>
          </li>`,
      )}
    </ul>
    ${queue.data !== null && doctors.length === 0 ? html`<p>${say('room.noDoctors')}</p>` : null}
    <${LanguageChoice} />
  </main>`;
}

interface RoomProps {
  readonly doctorId: string;
  /** Whether the page may be for another doctor. */
  readonly hasChoice: boolean;
}

function Room({ doctorId, hasChoice }: RoomProps): VNode {
  const { room } = useObservable(place);
  const queue = useLive('queue', '/queue', { query: { doctor_id: [doctorId] } });
  const doctor = queue.data?.doctors[0];
  return html`<main class="room">
    <header>
      <h1>${doctor?.name ?? say('room.title')}</h1>
      ${doctor === undefined || doctor.rooms === 1 ? null : html`<${RoomField} room=${room} />`}
      ${
        hasChoice
          ? html`<button type="button" onClick=${() => goTo({ doctorId: null, room: null })}>
              ${say('room.change')}
            </button>`
          : null
      }
    </header>
    <${Trouble} ...${queue} offline="room.offline" timeZone=${doctor?.time_zone} look="fault" />
    ${
      doctor === undefined
        ? null
        : html`<${Consultation} doctor=${doctor} room=${room} refresh=${queue.refresh} />`
    }
  </main>`;
}

/** Which room of a doctor with several rooms this page is for. */
const RoomField = ({ room }: { readonly room: string | null }): VNode =>
  html`<p class="room-field">
    <label for="room">${say('room.label')}</label>
    <input
      id="room"
      maxlength="32"
      value=${room ?? ''}
      onChange=${({ currentTarget }: { readonly currentTarget: HTMLInputElement }) =>
        goTo({ doctorId: place.value.doctorId, room: currentTarget.value.trim() })}
    />
  </p>`;

interface ConsultationProps {
  readonly doctor: DoctorQueue;
  readonly room: string | null;
  readonly refresh: () => void;
}

function Consultation({ doctor, room, refresh }: ConsultationProps): VNode {
  if (doctor.rooms > 1 && room === null) return html`<p class="panel">${say('room.noRoom')}</p>`;
  // With one room there is one current patient, whatever the room is called (R19).
  const current = doctor.in_consultation.find((token) => doctor.rooms === 1 || token.room === room);
  const here = doctor.calling_order.filter(({ status }) => status === 'CHECKED_IN');
  const away = doctor.calling_order.filter(({ status }) => status === 'BOOKED');
  const [next] = here;
  return html`<section class="people">
      <div class="panel current" aria-live="polite">
        <h2>${say('room.now')}</h2>
        ${
          current === undefined
            ? html`<p class="nobody">${say('room.nobody')}</p>`
            : html`<${Patient} token=${current} />`
        }
      </div>
      <div class="panel">
        <h2>${say('room.next')}</h2>
        ${
          next === undefined
            ? html`<p class="nobody">${say('room.nobodyHere')}</p>`
            : html`<${Patient} token=${next} />`
        }
      </div>
    </section>
    <${Actions} doctorId=${doctor.doctor_id} room=${room} current=${current} refresh=${refresh} />
    <section class="lists">
      <${NumberList} title=${say('room.here')} tokens=${here} />
      <${NumberList} title=${say('room.away')} tokens=${away} />
      <${NumberList} title=${say('room.skipped')} tokens=${doctor.skipped} />
      ${
        doctor.waiting.length > 0
          ? html`<p>${say('room.waitlist', { count: doctor.waiting.length })}</p>`
          : null
      }
    </section>
    <${BreakChoice}
      doctorId=${doctor.doctor_id}
      until=${doctor.break_until}
      timeZone=${doctor.time_zone}
      refresh=${refresh}
    />
    <${LanguageChoice} />`;
}

/** A patient with number, name and class. The queue has no names, so the name is read with the token. */
function Patient({ token: { id = '', number, type } }: { readonly token: QueueToken }): VNode {
  const token = useLive('queue', '/tokens/{id}', { path: { id } });
  return html`<p class="number">${number}</p>
    <p class="patient-name">${token.data?.patient_name ?? ''}</p>
    <p class="class ${type === 'EMERGENCY' ? 'emergency' : ''}">
      ${sayCode('class', type) ?? type}
    </p>`;
}

interface NumberListProps {
  readonly title: string;
  readonly tokens: readonly QueueToken[];
}

/** The numbers of a list, each with its class; nothing when there are none. */
function NumberList({ title, tokens }: NumberListProps): VNode | null {
  if (tokens.length === 0) return null;
  return html`<div>
    <h2>${title}</h2>
    <ol class="numbers">
      ${tokens
        .slice(0, LIST_MAX)
        .map(
          ({ number, type }) =>
            html`<li key=${number} class=${type === 'EMERGENCY' ? 'emergency' : ''}>
              <strong>${number}</strong> <span>${sayCode('class', type) ?? type}</span>
            </li>`,
        )}
      ${tokens.length > LIST_MAX ? html`<li>+ ${tokens.length - LIST_MAX}</li>` : null}
    </ol>
  </div>`;
}
