import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { LanguageChoice } from '../lib/language-choice.ts';
import { useObservable } from '../lib/observable.ts';
import { refusalInWords } from '../lib/trouble.ts';
import { say } from '../lib/words.ts';
import { Chart } from './chart.ts';
import { chartsOf, dueOf, rateOf } from './charts.ts';
import { ChoiceForm } from './choice-form.ts';
import { choice, queryOf, type Report } from './choice.ts';
import { download } from './download.ts';
import { clockOf, dateOf, minutesOf, numberOf, percentOf } from './format.ts';
import { useAnswer } from './use-answer.ts';

/** The page of the hospital's office: what happened on a day or on several days. */
export function ReportsPage(): VNode {
  const chosen = useObservable(choice);
  const { data, refusal, isAway, isReading, refresh } = useAnswer('/reports/range', {
    query: queryOf(chosen),
  });
  const isShown = data !== null && refusal === null;
  return html`<main class="reports">
    <header>
      <h1>${say('reports.title')}</h1>
      <${LanguageChoice} />
    </header>
    <${ChoiceForm} refusal=${refusal} />
    <p class="reading" role="status">${isReading ? say('reports.reading') : ''}</p>
    <div role="alert">
      ${isAway ? html`<p class="fault">${say('reports.away')}</p>` : null}
      ${
        refusal === null ||
        refusal.code === 'invalid_request' ||
        refusal.code === 'doctor_not_found'
          ? null
          : html`<p class="fault">${refusalInWords(refusal)}</p>`
      }
    </div>
    ${isShown ? html`<${Contents} report=${data} refresh=${refresh} />` : null}
  </main>`;
}

interface ContentsProps {
  readonly report: Report;
  readonly refresh: () => void;
}

function Contents({ report, refresh }: ContentsProps): VNode {
  const charts = useMemo(() => chartsOf(report), [report]);
  return html`<${Scope} report=${report} />
    <${Actions} refresh=${refresh} />
    <${Summary} report=${report} />
    ${charts.map((chart) => html`<${Chart} key=${chart.id} chart=${chart} />`)}`;
}

/** Says what the numbers are of, also on paper, where the form is not. */
function Scope({ report }: { readonly report: Report }): VNode {
  const { from, to, at, doctors, doctor_id, department } = report;
  const names = useAnswer('/doctors').data?.doctors ?? [];
  const name = names.find(({ id }) => id === doctor_id)?.name ?? doctor_id;
  const days = from === to ? dateOf(from) : `${dateOf(from)} – ${dateOf(to)}`;
  const who = name ?? department ?? say('reports.allDoctors');
  return html`<p class="scope">
    <strong>${days}</strong> · ${who}${doctor_id === null ? ` (${numberOf(doctors)})` : ''} ·
    ${' '}${say('reports.countedAt', { time: clockOf(at) })}
  </p>`;
}

function Actions({ refresh }: { readonly refresh: () => void }): VNode {
  const [fault, setFault] = useState('');
  const save = async (): Promise<void> => {
    setFault((await download(choice.value)) ? '' : say('reports.noTable'));
  };
  return html`<div class="actions">
    <button type="button" onClick=${refresh}>${say('reports.refresh')}</button>
    <button type="button" onClick=${save}>${say('reports.download')}</button>
    <button type="button" onClick=${() => print()}>${say('reports.print')}</button>
    <p class="fault" role="alert">${fault}</p>
  </div>`;
}

/** The numbers that are asked for first. */
function Summary({ report: { offered, total } }: { readonly report: Report }): VNode {
  const { booked, completed, no_show, bumped, promoted, seated, wait, call_wait } = total;
  const items: readonly (readonly [label: string, value: string, more: string])[] = [
    [say('reports.booked'), numberOf(booked), ''],
    [
      say('reports.seats'),
      numberOf(offered),
      say('reports.taken', { percent: percentOf(offered === 0 ? null : seated / offered) }),
    ],
    [say('reports.seen'), numberOf(completed), ''],
    [say('reports.notCome'), numberOf(no_show), percentOf(rateOf(dueOf([total])))],
    [say('reports.bumped'), numberOf(bumped), ''],
    [say('reports.promoted'), numberOf(promoted), ''],
    [say('reports.callWait'), minutesOf(call_wait.median_minutes), say('reports.half')],
    [say('reports.seatWait'), minutesOf(wait.median_minutes), say('reports.half')],
  ];
  return html`<dl class="summary">
    ${items.map(
      ([label, value, more]) =>
        html`<div class="panel" key=${label}>
          <dt>${label}</dt>
          <dd><strong>${value}</strong> ${more === '' ? null : html`<span>${more}</span>`}</dd>
        </div>`,
    )}
  </dl>`;
}
