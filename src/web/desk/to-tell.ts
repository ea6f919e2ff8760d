import type { VNode } from 'preact';
import { html } from '../lib/html.ts';
import { Observable, useObservable } from '../lib/observable.ts';
import { say } from '../lib/words.ts';
import type { Person } from './people.ts';
import { PersonLine, type DoctorsProps } from './person-line.ts';
import { Keys } from './shortcuts.ts';

/** A patient on the list of those to be told. */
interface Entry extends Person {
  readonly isTold: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Where the browser stores the list. It has ids and numbers, and no names. */
const STORED = 'opd-to-tell';
/** Milliseconds after which an entry is removed, and how many entries there are at most. */
const KEPT_MS = 18 * 3_600_000;
const ENTRIES_MAX = 300;

function storedEntries(): readonly Entry[] {
  try {
    const entries = JSON.parse(localStorage.getItem(STORED) ?? '[]') as readonly Entry[];
    return entries.filter(({ at }) => at > Date.now() - KEPT_MS);
  } catch {
    // Another program has written there.
    return [];
  }
}

/** The list, the latest news first. All windows of the browser share it. */
const entries = new Observable<readonly Entry[]>(storedEntries());

addEventListener('storage', ({ key }) => {
  if (key === STORED) entries.set(storedEntries());
});

function setEntries(next: readonly Entry[]): void {
  localStorage.setItem(STORED, JSON.stringify(next));
  entries.set(next);
}

/** Puts people on the list. Later news of the same patient replace the earlier ones. */
export function tell(people: readonly Person[]): void {
  if (people.length === 0) return;
  const ids = new Set(people.map(({ tokenId }) => tokenId));
  const added = people.map((person) => ({ ...person, isTold: false, at: Date.now() }));
  const others = entries.value.filter(({ tokenId }) => !ids.has(tokenId));
  setEntries([...added, ...others].slice(0, ENTRIES_MAX));
}

const tick = (tokenId: string): void =>
  setEntries(
    entries.value.map((entry) =>
      entry.tokenId === tokenId ? { ...entry, isTold: !entry.isTold } : entry,
    ),
  );

/** The patients who must be told something, to be ticked off. */
export function ToTell({ doctors }: DoctorsProps): VNode {
  const list = useObservable(entries);
  const left = list.filter(({ isTold }) => !isTold).length;
  return html`<section class="to-tell panel" id="to-tell" aria-labelledby="to-tell-title">
    <h2 id="to-tell-title">${say('desk.toTell', { count: left })} <${Keys} keys="Alt T" /></h2>
    ${list.length === 0 ? html`<p class="muted">${say('desk.nobodyToTell')}</p>` : null}
    <ul>
      ${list.map(
        (entry) =>
          html`<li key=${entry.tokenId} class=${entry.isTold ? 'told' : ''}>
            <label>
              <input
                type="checkbox"
                checked=${entry.isTold}
                onChange=${() => tick(entry.tokenId)}
              />
              <${PersonLine} ...${entry} doctors=${doctors} />
            </label>
          </li>`,
      )}
    </ul>
    ${
      left < list.length
        ? html`<button
            type="button"
            onClick=${() => setEntries(list.filter(({ isTold }) => !isTold))}
          >
            ${say('desk.removeTold')}
          </button>`
        : null
    }
  </section>`;
}
