import type { VNode } from 'preact';
import { accessKey, signOut } from '../lib/access-key.ts';
import { html } from '../lib/html.ts';
import { LanguageChoice } from '../lib/language-choice.ts';
import { useLive } from '../lib/live.ts';
import { useObservable } from '../lib/observable.ts';
import { say } from '../lib/words.ts';

/** The pages that a visitor finds from here, in the order of their use. */
const LINKS = [
  { href: '/board', title: 'start.board', help: 'start.boardHelp' },
  { href: '/desk', title: 'start.desk', help: 'start.deskHelp' },
  { href: '/room', title: 'start.room', help: 'start.roomHelp' },
  { href: '/reports', title: 'start.reports', help: 'start.reportsHelp' },
  { href: '/docs', title: 'start.docs', help: 'start.docsHelp' },
] as const;

/** The page at `/`: whether the service is ready, and the way to the other pages. */
export function Start(): VNode {
  return html`<main class="narrow">
    <h1>${say('app.name')}</h1>
    <${Readiness} />
    <ul class="cards">
      ${LINKS.map(
        ({ href, title, help }) =>
          html`<li>
            <a class="panel" href=${href}
              ><strong>${say(title)}</strong><span>${say(help)}</span></a
            >
          </li>`,
      )}
    </ul>
    <${LanguageChoice} />
    <${SignOut} />
  </main>`;
}

/** One line on the state of the service. It is read aloud when it changes. */
function Readiness(): VNode {
  const { data, refusal, offlineSince } = useLive('service', '/ready');
  const state = offlineSince !== null ? 'bad' : data === null ? '' : 'good';
  return html`<p class="state ${state}" role="status">
    ${readinessInWords({ refusal, offlineSince, durable: data?.durable })}
  </p>`;
}

interface ReadinessFacts {
  readonly refusal: { readonly detail: string } | null;
  readonly offlineSince: number | null;
  /** Undefined before the first answer. */
  readonly durable: boolean | undefined;
}

function readinessInWords({ refusal, offlineSince, durable }: ReadinessFacts): string {
  if (offlineSince !== null)
    return refusal === null
      ? say('problem.unreachable')
      : say('start.notReady', { reason: refusal.detail });
  if (durable === undefined) return say('start.checking');
  return durable ? say('start.ready') : `${say('start.ready')} ${say('start.notDurable')}`;
}

/** The button by which a shared computer forgets its key. Without a key there is none. */
function SignOut(): VNode | null {
  const key = useObservable(accessKey);
  return key === null
    ? null
    : html`<p><button type="button" onClick=${signOut}>${say('signIn.out')}</button></p>`;
}
