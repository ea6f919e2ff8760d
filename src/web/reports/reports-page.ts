import type { VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { html } from '../lib/html.ts';
import { LanguageChoice } from '../lib/language-choice.ts';
import { useObservable } from '../lib/observable.ts';
import { serviceNow } from '../lib/service-time.ts';
import { isoDateOf } from '../lib/time.ts';
import { refusalInWords } from '../lib/trouble.ts';
import { say } from '../lib/words.ts';
import { Chart } from './chart.ts';
import { chartsOf, dueOf, rateOf } from './charts.ts';
import { ChoiceForm } from './choice-form.ts';
import { choiceOf, queryOf, search, type Choice, type Doctors, type Report } from './choice.ts';
import { download } from './download.ts';
import { clockOf, dateOf, minutesOf, numberOf, percentOf } from './format.ts';
import { useAnswer, type AnswerState } from './use-answer.ts';

/** The page of the hospital's office: what happened on a day or on several days. */
export function ReportsPage(): VNode {
  const active = useAnswer('/doctors');
  const retired = useAnswer('/doctors', { query: { retired: 'true' } });
  return html`<main class="reports">
    <header>
      <h1>${say('reports.title')}</h1>
      <${LanguageChoice} />
    </header>
    ${
      active.data === null
        ? html`<${Reading} ...${active} />
            ${active.isReading ? null : html`<${RefreshButton} refresh=${active.refresh} />`}`
        : html`<${ChosenReport}
            active=${active.data.doctors}
            retired=${retired.data?.doctors ?? []}
          />`
    }
  </main>`;
}

/** The report that the URL names: of today, unless it names dates. Today and all times are those of the first doctor. */
function ChosenReport(doctors: Doctors): VNode {
  const timeZone = doctors.active[0]?.time_zone ?? 'UTC';
  const today = isoDateOf(serviceNow(), timeZone);
  const chosen = choiceOf(useObservable(search), today);
  const answer = useAnswer('/reports/range', { query: queryOf(chosen) });
  const { data, refusal, refresh } = answer;
  return html`<${ChoiceForm} ...${{ choice: chosen, today, doctors, refusal, refresh }} />
    <${Reading} ...${answer} />
    ${
      data === null || refusal !== null
        ? null
        : html`<${Contents} ...${{ report: data, choice: chosen, doctors, timeZone, refresh }} />`
    }`;
}

/** The codes that are said beside the field that they are about. */
const SAID_BESIDE_FIELDS: readonly string[] = ['invalid_request', 'doctor_not_found'];

/** Whether something is read, or why it is not shown. */
function Reading({ isReading, isAway, refusal }: AnswerState<unknown>): VNode {
  return html`<p class="reading" role="status">${isReading ? say('reports.reading') : ''}</p>
    <div role="alert">
      ${isAway ? html`<p class="fault">${say('reports.away')}</p>` : null}
      ${
        refusal === null || SAID_BESIDE_FIELDS.includes(refusal.code)
          ? null
          : html`<p class="fault">${refusalInWords(refusal)}</p>`
      }
    </div>`;
}

interface ContentsProps {
  readonly report: Report;
  readonly choice: Choice;
  readonly doctors: Doctors;
  readonly timeZone: string;
  readonly refresh: () => void;
}

function Contents({ report, choice, doctors, timeZone, refresh }: ContentsProps): VNode {
  const charts = useMemo(() => chartsOf(report), [report]);
  return html`<${Scope} ...${{ report, doctors, timeZone }} />
    <${Actions} ...${{ choice, refresh }} />
    <${Summary} report=${report} />
    ${charts.map((chart) => html`<${Chart} key=${chart.id} chart=${chart} />`)}`;
}

/** Says what the numbers are of, also on paper, where the form is not. */
function Scope({
  report,
  doctors: { active },
  timeZone,
}: Pick<ContentsProps, 'report' | 'doctors' | 'timeZone'>): VNode {
  const { from, to, at, doctors, doctor_id, department } = report;
  const name = active.find(({ id }) => id === doctor_id)?.name ?? doctor_id;
  const days = from === to ? dateOf(from) : `${dateOf(from)} – ${dateOf(to)}`;
  const who = name ?? department ?? say('reports.allDoctors');
  return html`<p class="scope">
    <strong>${days}</strong> · ${who}${doctor_id === null ? ` (${numberOf(doctors)})` : ''} ·
    ${' '}${say('reports.countedAt', { time: clockOf(at, timeZone) })}
  </p>`;
}

const RefreshButton = ({ refresh }: Pick<ContentsProps, 'refresh'>): VNode =>
  html`<button type="button" onClick=${refresh}>${say('reports.refresh')}</button>`;

function Actions({ choice, refresh }: Pick<ContentsProps, 'choice' | 'refresh'>): VNode {
  const [fault, setFault] = useState('');
  const save = async (): Promise<void> => {
    setFault((await download(choice)) ? '' : say('reports.noTable'));
  };
  return html`<div class="actions">
    <${RefreshButton} refresh=${refresh} />
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
