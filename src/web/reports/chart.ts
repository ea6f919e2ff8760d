import type { VNode } from 'preact';
import { html } from '../lib/html.ts';
import { say } from '../lib/words.ts';
import type { Chart as ChartFacts, Series } from './charts.ts';
import { Plot } from './plot.ts';

/** CSS pixels. */
const PLOT_HEIGHT = 260;
const SMALL_PLOT_HEIGHT = 150;
/** A table with more columns stands below its plot. */
const COLUMNS_BESIDE = 5;

/** A section of the report: its plots, and the table with all numbers of them. */
export function Chart({ chart }: { readonly chart: ChartFacts }): VNode {
  const { id, title, about, plots, columns } = chart;
  const [first] = plots;
  const isBeside = first?.title === null && columns.length <= COLUMNS_BESIDE;
  return html`<section class="panel chart" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <p class="about">${about}</p>
    <div class=${isBeside ? 'chart-body' : 'chart-body stacked'}>
      ${
        first === undefined
          ? html`<p class="empty">${say('reports.nothing')}</p>`
          : html`<figure
              role="img"
              aria-label=${say('reports.plotOf', {
                title,
                series: first.series.map(({ label }) => label).join(', '),
              })}
            >
              ${first.series.length > 1 ? html`<${Legend} series=${first.series} />` : null}
              <div class=${first.title === null ? '' : 'small-plots'}>
                ${plots.map(
                  (plot) =>
                    html`<div key=${plot.title}>
                      ${plot.title === null ? null : html`<p class="plot-title">${plot.title}</p>`}
                      <${Plot}
                        plot=${plot}
                        height=${plot.title === null ? PLOT_HEIGHT : SMALL_PLOT_HEIGHT}
                      />
                    </div>`,
                )}
              </div>
            </figure>`
      }
      <${Table} chart=${chart} />
    </div>
  </section>`;
}

/** Names the series of a plot, each with a sign that looks as the series is drawn. */
const Legend = ({ series }: { readonly series: readonly Series[] }): VNode =>
  html`<ul class="legend">
    ${series.map(({ label, look }) => html`<li key=${label}><i class=${look}></i>${label}</li>`)}
  </ul>`;

function Table({ chart: { id, head, labels, columns } }: { readonly chart: ChartFacts }): VNode {
  return html`<div class="table" tabindex="0" role="group" aria-labelledby=${id}>
    <table aria-labelledby=${id}>
      <thead>
        <tr>
          <th scope="col">${head}</th>
          ${columns.map(({ label }) => html`<th scope="col" key=${label}>${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${labels.map(
          (label, row) =>
            html`<tr key=${label}>
              <th scope="row">${label}</th>
              ${columns.map((column) => html`<td key=${column.label}>${column.cells[row]}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
