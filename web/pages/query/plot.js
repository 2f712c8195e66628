// Draws lines with uPlot. Loaded after the first paint.

import uPlot from 'uplot';
import { formatShort } from '../../lib/numbers.js';
import { formatTime, timeZone } from '../../lib/time.js';

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// One cursor over all graphs of the page.
const shared = uPlot.sync('query');

/**
 * @param {{times: number[], columns: (number|null)[][], looks: {stroke: string, dash: number[]|null}[],
 *     visible: boolean[], style: 'lines'|'stacked'|'points', log: boolean, zero: boolean, width: number,
 *     height: number, span: {start: number, end: number}, oncursor(index: number|null): void,
 *     onzoom(start: number, end: number): void, onback(): void}} options
 * @returns {{element: HTMLElement, resize(width: number, height: number): void,
 *     show(visible: boolean[]): void, focus(index: number|null): void, canvas: HTMLCanvasElement,
 *     destroy(): void}}
 */
export function plot(options) {
  const { times, columns, looks, style, log, zero, span } = options;
  const element = document.createElement('div');
  const axis = {
    stroke: css('--text-2'), font: `11px ${css('--font')}`, grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line'), width: 1, size: 4 },
  };
  const settings = {
    width: options.width,
    height: options.height,
    legend: { show: false },
    focus: { alpha: 0.25 },
    cursor: {
      sync: { key: shared.key, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      focus: { prox: 24 },
      points: { size: 7 },
      bind: { dblclick: () => () => { options.onback(); return null; } },
    },
    tzDate: timeZone() === 'utc' ? (seconds) => uPlot.tzDate(new Date(seconds * 1e3), 'Etc/UTC') : undefined,
    scales: {
      x: { time: true, range: () => [span.start, span.end] },
      y: { distr: log ? 3 : 1, range: log ? undefined : (_, min, max) => rangeOf(min, max, zero || style === 'stacked') },
    },
    axes: [
      { ...axis, space: 70, size: 36, values: (u, splits, _, __, increment) => splits.map((time, index) => timeText(time, increment, index === 0 ? null : splits[index - 1])) },
      { ...axis, size: (u, values) => Math.max(40, 14 + 6.5 * Math.max(0, ...(values ?? []).map((value) => value?.length ?? 0))), values: (u, splits) => splits.map((value) => (value === null ? null : formatShort(value, 4))) },
    ],
    series: [{}, ...looks.map((look, index) => ({
      stroke: look.stroke,
      dash: style === 'lines' ? look.dash ?? undefined : undefined,
      width: style === 'points' ? 0 : 1.5,
      fill: style === 'stacked' ? `${look.stroke}55` : undefined,
      show: options.visible[index],
      points: { show: style === 'points' ? true : undefined, size: style === 'points' ? 4 : 5, filter: style === 'points' ? undefined : alone, fill: look.stroke },
    }))],
    bands: style === 'stacked' ? columns.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : [],
    hooks: {
      setCursor: [(u) => options.oncursor(u.cursor.idx ?? null)],
      setSelect: [(u) => {
        if (u.select.width < 4) return;
        const start = u.posToVal(u.select.left, 'x');
        const end = u.posToVal(u.select.left + u.select.width, 'x');
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        options.onzoom(start, end);
      }],
    },
  };
  const drawn = new uPlot(settings, [times, ...(log ? columns.map(positive) : columns)], element);
  return {
    element,
    canvas: drawn.ctx.canvas,
    resize: (width, height) => drawn.setSize({ width, height }),
    show(visible) {
      drawn.batch(() => visible.forEach((isShown, index) => {
        if (drawn.series[index + 1].show !== isShown) drawn.setSeries(index + 1, { show: isShown });
      }));
    },
    focus: (index) => drawn.setSeries(index === null ? null : index + 1, { focus: index !== null }),
    destroy: () => drawn.destroy(),
  };
}

// A logarithm has nothing for zero and less.
const positive = (values) => values.map((value) => (value !== null && value > 0 ? value : null));

function rangeOf(min, max, zero) {
  if (min === null || max === null) return [0, 1];
  const low = zero ? Math.min(0, min) : min;
  const high = zero ? Math.max(0, max) : max;
  if (low === high) return [low - (Math.abs(low) || 1) * 0.1, high + (Math.abs(high) || 1) * 0.1];
  const pad = (high - low) * 0.05;
  // A line that lies upon zero needs no space below it.
  return [low >= 0 && low - pad < 0 ? 0 : low - pad, high + pad];
}

// A point whose neighbours are gaps would not be seen as a line.
function alone(u, index) {
  const values = u.data[index];
  const found = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null) found.push(at);
  }
  return found.length > 0 ? found : null;
}

// The clock, and the date where it is another one than at the mark before.
function timeText(time, increment, before) {
  const text = formatTime(time);
  const [date, clock] = text.split(' ');
  if (increment >= 86_400) return date;
  const short = increment < 60 ? clock : clock.slice(0, 5);
  const isNewDay = before !== null && formatTime(before).split(' ')[0] !== date;
  return isNewDay ? `${short}\n${date}` : short;
}
