import type { VNode } from 'preact';
import type { WordKey } from '../words/en.ts';
import type { Problem } from './client.ts';
import { html } from './html.ts';
import type { LiveState } from './live.ts';
import { timeOf } from './time.ts';
import { say } from './words.ts';

interface TroubleProps extends Pick<LiveState<unknown>, 'refusal' | 'offlineSince'> {
  /** The words that say since when there is no connection. */
  readonly offline: WordKey;
  /** In which the time is told; undefined before the service has told one. */
  readonly timeZone: string | undefined;
  /** Says why the service has refused to show the data. */
  readonly inWords?: (refusal: Problem) => string;
  /** The class of the paragraph. */
  readonly look?: string;
}

/** Why the service refuses to show something. */
export const refusalInWords = ({ code, detail }: Problem): string =>
  code === 'forbidden' ? say('problem.forbidden') : detail;

/** Says that what a page shows may be old, and since when, or why the page may not see it. */
export function Trouble({
  refusal,
  offlineSince,
  offline,
  timeZone,
  inWords = refusalInWords,
  look = 'trouble',
}: TroubleProps): VNode {
  const words =
    offlineSince !== null
      ? offlineInWords(offline, offlineSince, timeZone)
      : refusal === null
        ? null
        : inWords(refusal);
  return html`<div role="alert">
    ${words === null ? null : html`<p class=${look}>${words}</p>`}
  </div>`;
}

const offlineInWords = (words: WordKey, since: number, timeZone: string | undefined): string =>
  timeZone === undefined
    ? say('problem.unreachable')
    : say(words, { time: timeOf(since, timeZone) });
