import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { html } from '../lib/html.ts';
import type { Look, Plot as PlotFacts, Series } from './charts.ts';

/** CSS pixels. */
const FONT_SIZE = 13;
/** The room between two labels of an axis. */
const LABEL_GAP = 8;
/** So many labels are all shown, in two lines if need be; of more, only some are. */
const LABELS_WHOLE = 8;
const Y_AXIS_WIDTH = 48;
/** The width that a number above a bar needs. */
const VALUE_WIDTH_MIN = 26;

/** The colours of the style sheet. */
interface Colours {
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly surface: string;
  readonly looks: Readonly<Record<Look, string>>;
}

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    ...{ ink: colour('ink'), muted: colour('muted'), line: colour('line') },
    surface: colour('surface'),
    looks: { solid: colour('accent'), outline: colour('warn'), line: colour('ink') },
  };
}

interface PlotProps {
  readonly plot: PlotFacts;
  /** CSS pixels. */
  readonly height: number;
}

/**
 * A plot. It is drawn again when its place gets another width and when the colours change, as they do for paper. It is an
 * image for screen readers, which find its numbers in the table.
 */
export function Plot({ plot, height }: PlotProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let drawn: uPlot | null = null;
    let width = 0;
    const draw = (): void => {
      width = element.clientWidth;
      drawn?.destroy();
      drawn = width === 0 ? null : drawnPlot(element, plot, { width, height });
    };
    const resized = new ResizeObserver(() => {
      if (element.clientWidth !== width) draw();
    });
    resized.observe(element);
    const looks = ['(prefers-color-scheme: dark)', 'print'].map((query) => matchMedia(query));
    for (const look of looks) look.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      for (const look of looks) look.removeEventListener('change', draw);
      drawn?.destroy();
    };
  }, [plot, height]);
  return html`<div class="plot" ref=${place} style=${{ height: `${height}px` }}></div>`;
}

function drawnPlot(
  element: HTMLElement,
  plot: PlotFacts,
  size: { readonly width: number; readonly height: number },
): uPlot {
  const colours = coloursOf(element);
  const font = `${FONT_SIZE}px ${getComputedStyle(element).fontFamily}`;
  const { labels, series } = plot;
  const bars = series.filter(({ look }) => look !== 'line').length;
  let bar = 0;
  const options: uPlot.Options = {
    ...size,
    padding: [FONT_SIZE + 6, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      // One unit to a label, and half of one at both ends.
      x: { time: false, range: [-0.5, labels.length - 0.5] },
      y: { range: (_, __, max) => [0, (plot.max ?? max) * 1.02 || 1] },
    },
    axes: [xAxis(labels, size.width, { colours, font }), yAxis(plot, { colours, font })],
    series: [
      {},
      ...series.map(({ label, look }) => {
        const side = look === 'line' || bars === 1 ? 0 : bar === 0 ? -1 : 1;
        if (look !== 'line') bar += 1;
        return { label, ...looksOf(look, side, colours) };
      }),
    ],
    hooks: { draw: [(drawn) => drawValues(drawn, plot, { colours, font })] },
  };
  // A bar of nothing would be a line on the axis.
  const valuesOf = ({ look, values }: Series): (number | null)[] =>
    values.map((value) => (look !== 'line' && value === 0 ? null : value));
  const data = [labels.map((_, index) => index), ...series.map(valuesOf)];
  return new uPlot(options, data as uPlot.AlignedData, element);
}

interface Ink {
  readonly colours: Colours;
  readonly font: string;
}

/** The part of a label's place that a bar takes, when it has the place alone or shares it. */
const BAR_ALONE = 0.6;
const BAR_SHARED = 0.38;
/** CSS pixels. */
const BAR_WIDTH_MAX = 64;

/** @param side -1 and 1 for the bars of two series side by side, 0 for those of one */
function looksOf(look: Look, side: -1 | 0 | 1, { looks }: Colours): Partial<uPlot.Series> {
  const stroke = looks[look];
  const common = { stroke, points: { show: false }, width: 2 };
  if (look === 'line') return { ...common, paths: levels };
  const size: [number, number] = [side === 0 ? BAR_ALONE : BAR_SHARED, BAR_WIDTH_MAX];
  const bars = uPlot.paths.bars?.({ size, align: side });
  return {
    ...common,
    fill: look === 'solid' ? stroke : 'transparent',
    ...(bars === undefined ? {} : { paths: bars }),
  };
}

/** The path of a line that is level over the whole place of each label, because a number of an hour is not of its begin. */
const levels: uPlot.Series.PathBuilder = (drawn, series) => {
  const stroke = new Path2D();
  for (const [index, value] of (drawn.data[series] ?? []).entries()) {
    const y = drawn.valToPos(value ?? 0, 'y', true);
    for (const x of [index - 0.5, index + 0.5]) {
      const place = drawn.valToPos(x, 'x', true);
      if (index === 0 && x < 0) stroke.moveTo(place, y);
      else stroke.lineTo(place, y);
    }
  }
  return { stroke };
};

function xAxis(labels: readonly string[], width: number, { colours, font }: Ink): uPlot.Axis {
  const longest = Math.max(...labels.map((label) => widthOf(label, font)));
  const most = Math.max(1, Math.floor((width - Y_AXIS_WIDTH) / (longest + LABEL_GAP)));
  const isStaggered = labels.length > most && labels.length <= LABELS_WHOLE;
  const step = isStaggered ? 1 : Math.ceil(labels.length / most);
  return {
    ...{ font, stroke: colours.muted, size: isStaggered ? 46 : 30, gap: 6 },
    grid: { show: false },
    ticks: { stroke: colours.line, size: 4 },
    splits: () => labels.map((_, index) => index).filter((index) => index % step === 0),
    values: (_, splits) =>
      splits.map((split) => `${isStaggered && split % 2 === 1 ? '\n' : ''}${labels[split] ?? ''}`),
  };
}

function widthOf(text: string, font: string): number {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) return 0;
  context.font = font;
  return context.measureText(text).width;
}

const yAxis = (plot: PlotFacts, { colours, font }: Ink): uPlot.Axis => ({
  ...{ font, stroke: colours.muted, size: Y_AXIS_WIDTH, gap: 6, space: 36 },
  grid: { stroke: colours.line, width: 1 },
  ticks: { show: false },
  values: (_, splits) => splits.map(plot.format),
});

/** Writes the number above each bar, if there is room for it. A plot that is printed can be read with them alone. */
function drawValues(drawn: uPlot, { labels, series, format }: PlotFacts, { colours, font }: Ink) {
  const bars = series.flatMap(({ look, values }, index) =>
    look === 'line' ? [] : { values, index: index + 1 },
  );
  const place = drawn.bbox.width / labels.length;
  const bar = Math.min(BAR_SHARED * place, BAR_WIDTH_MAX * devicePixelRatio);
  if ((bars.length === 1 ? place : bar) < VALUE_WIDTH_MIN * devicePixelRatio) return;
  const { ctx } = drawn;
  ctx.save();
  ctx.font = font.replace(/^\d+/, String(Math.round((FONT_SIZE - 1) * devicePixelRatio)));
  ctx.fillStyle = colours.ink;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'bottom';
  for (const [nth, { values }] of bars.entries())
    for (const [index, value] of values.entries()) {
      if (value === null || value === 0) continue;
      const side = bars.length === 1 ? 0 : nth === 0 ? -0.5 : 0.5;
      const x = drawn.valToPos(index, 'x', true) + side * bar;
      ctx.fillText(format(value), x, drawn.valToPos(value, 'y', true) - 3 * devicePixelRatio);
    }
  ctx.restore();
}
