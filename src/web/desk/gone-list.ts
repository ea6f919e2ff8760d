import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { useLive } from '../lib/live.ts';
import { say } from '../lib/words.ts';
import type { DayProps } from './day.ts';
import { outcome } from './outcome.ts';
import { TokenRow } from './token-row.ts';

/** The tokens of the day that are over without a visit: a cancellation or a no-show is undone here. */
export function GoneList(day: DayProps): VNode | null {
  const { data, refresh } = useLive('schedule', '/tokens', {
    query: {
      doctor_id: day.doctor.doctor_id,
      date: day.doctor.date,
      status: ['CANCELLED', 'NO_SHOW', 'EXPIRED'],
      limit: '200',
    },
  });
  useEffect(() => outcome.subscribe(refresh), [refresh]);
  const tokens = data?.tokens ?? [];
  return tokens.length === 0
    ? null
    : html`<details class="gone">
        <summary>${say('desk.gone', { count: tokens.length })}</summary>
        <ul class="ranked">
          ${tokens.map((token) => html`<${TokenRow} key=${token.id} token=${token} ...${day} />`)}
        </ul>
      </details>`;
}
