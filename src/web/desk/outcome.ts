import type { VNode } from 'preact';
import type { Schemas } from '../lib/client.ts';
import { html } from '../lib/html.ts';
import { Observable, useObservable } from '../lib/observable.ts';
import { whenOf } from '../lib/time.ts';
import { say } from '../lib/words.ts';
import { timeZoneOf } from './day.ts';
import type { Person } from './people.ts';
import { PersonLine, type DoctorsProps } from './person-line.ts';
import { Keys } from './shortcuts.ts';
import { printSlip } from './slip.ts';
import { tell } from './to-tell.ts';
import { show } from './view.ts';

/** What the last act of this window has done. */
export interface Outcome {
  readonly words: string;
  /** The token of the act; null for an act on a slot or a doctor. */
  readonly token: Schemas['Token'] | null;
  /** Whether `POST /undo` takes the act back. */
  readonly canUndo: boolean;
  readonly people: readonly Person[];
  /** Slots with free seats, where a booking has none. */
  readonly alternatives?: readonly Schemas['Alternative'][];
}

/** The last act of this window. The reads of the desk are repeated when it changes. */
export const outcome = new Observable<Outcome | null>(null);

/** Shows what an act has done, and puts everybody whom it concerns on the list of those to be told. */
export function report(done: Outcome): void {
  tell(done.people);
  outcome.set(done);
}

/** The last act: what it did, whom it concerns, and what can be done next. It is read aloud. */
export function OutcomeBar({ doctors }: DoctorsProps): VNode {
  const done = useObservable(outcome);
  return html`<div class="outcome" role="status">
    ${done === null ? html`<p>${say('desk.nothingDone')}</p>` : html`<${Done} ...${done} doctors=${doctors} />`}
  </div>`;
}

type DoneProps = Outcome & DoctorsProps;

function Done({ words, token, canUndo, people, alternatives = [], doctors }: DoneProps): VNode {
  return html`<p class="done">
      <strong>${words}</strong>
      ${token === null ? null : html`<${DoneButtons} token=${token} canUndo=${canUndo} />`}
    </p>
    ${
      alternatives.length === 0
        ? null
        : html`<p>
            ${say('desk.alternatives')}
            ${alternatives.map(
              ({ id, start_time, seats_left }) =>
                html` <span class="tag"
                  >${whenOf(start_time, timeZoneOf(doctors, token?.doctor_id))}
                  ${say('desk.seatsLeft', { count: seats_left })}
                  <span class="unseen">${id}</span></span
                >`,
            )}
          </p>`
    }
    ${
      people.length === 0
        ? null
        : html`<ul class="people">
            ${people.map((person) => html`<li key=${person.tokenId}><${PersonLine} ...${person} doctors=${doctors} /></li>`)}
          </ul>`
    }`;
}

interface DoneButtonsProps {
  readonly token: Schemas['Token'];
  readonly canUndo: boolean;
}

function DoneButtons({ token, canUndo }: DoneButtonsProps): VNode {
  return html`<button id="print-slip" type="button" onClick=${() => printSlip(token)}>
      ${say('desk.printSlip')} <${Keys} keys="Alt P" />
    </button>
    ${
      canUndo
        ? html`<button
            id="undo-last"
            type="button"
            onClick=${() => show({ panel: { kind: 'token', id: token.id, act: 'undo' } })}
          >
            ${say('desk.undo')} <${Keys} keys="Alt U" />
          </button>`
        : null
    }`;
}
