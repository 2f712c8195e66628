// The lines of a graph, of a matrix: aligned on one axis of time, with a colour each. Pure.

import { sampleNumber } from '../../lib/numbers.js';

// Safe for the colour-blind (after Okabe and Ito), each with 3:1 or more against its theme's surface.
const HUES = {
  light: ['#0072b2', '#c14e00', '#00795a', '#a34a83', '#8a6a00', '#2b7fb8', '#5b5b5b', '#7a4fb0'],
  dark: ['#56b4e9', '#e69f00', '#2fc79a', '#dd95c4', '#f0e442', '#ff8a5c', '#c4ccd4', '#b29bf0'],
};
const DASHES = [null, [10, 4], [3, 3], [14, 4, 3, 4], [6, 6], [2, 5], [18, 5], [10, 3, 3, 3, 3, 3]];

/**
 * @param {Object[]} result The series of a matrix.
 * @param {{start: number, end: number, step: number}} grid
 * @returns {{times: number[], lines: Line[], withoutValues: number}} `withoutValues`: series that hold
 *     native histograms alone, of which the count is drawn.
 * @typedef {{metric: Object, name: string, member: string|null, values: (number|null)[], last: number|null,
 *     min: number, max: number, mean: number, minAt: number, maxAt: number}} Line
 */
export function linesOf(result, { start, end, step }, partition = 'project') {
  const count = Math.max(1, Math.round((end - start) / step) + 1);
  const times = Array.from({ length: count }, (_, index) => start + index * step);
  let withoutValues = 0;
  const lines = result.map((series) => {
    const values = new Array(count).fill(null);
    const put = (time, value) => {
      const index = Math.round((time - start) / step);
      if (index >= 0 && index < count) values[index] = Number.isFinite(value) ? value : null;
    };
    for (const [time, text] of series.values ?? []) put(time, sampleNumber(text));
    if (!series.values?.length && series.histograms?.length) withoutValues += 1;
    for (const [time, histogram] of series.histograms ?? []) put(time, Number(histogram.count));
    return { metric: series.metric, name: nameOf(series.metric), member: series.metric[partition] ?? null, values, ...measures(values, times) };
  });
  return { times, lines, withoutValues };
}

function measures(values, times) {
  const found = { last: null, min: Infinity, max: -Infinity, mean: NaN, minAt: NaN, maxAt: NaN };
  let [sum, count] = [0, 0];
  values.forEach((value, index) => {
    if (value === null) return;
    found.last = value;
    if (value < found.min) [found.min, found.minAt] = [value, times[index]];
    if (value > found.max) [found.max, found.maxAt] = [value, times[index]];
    sum += value;
    count += 1;
  });
  if (count > 0) found.mean = sum / count;
  return found;
}

/** A label set as Prometheus writes it. */
export function nameOf(metric) {
  const { __name__: name = '', ...labels } = metric;
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`).join(', ');
  return text || !name ? `${name}{${text}}` : name;
}

/**
 * A colour and a dash for each line: the hue by member, the shade by series; without members, a hue each.
 *
 * @returns {{stroke: string, dash: number[]|null}[]}
 */
export function looksOf(lines, theme) {
  const hues = HUES[theme];
  const members = [...new Set(lines.map((line) => line.member))].filter((name) => name !== null).sort();
  if (members.length === 0) return lines.map((_, index) => ({ stroke: hues[index % hues.length], dash: DASHES[Math.floor(index / hues.length) % DASHES.length] }));
  const seen = new Map();
  const counts = new Map();
  for (const line of lines) counts.set(line.member, (counts.get(line.member) ?? 0) + 1);
  return lines.map((line) => {
    const at = Math.max(0, members.indexOf(line.member));
    const index = seen.get(line.member) ?? 0;
    seen.set(line.member, index + 1);
    // A dash tells members apart for those who see no hues; in a crowd it tells nothing.
    const dash = lines.length <= 24 ? DASHES[at % DASHES.length] : null;
    return { stroke: shade(hues[at % hues.length], index, counts.get(line.member), theme), dash };
  });
}

// Towards the text's colour, so that the contrast only grows.
function shade(colour, index, count, theme) {
  if (count < 2) return colour;
  const share = (index % 6) / Math.max(1, Math.min(count - 1, 5)) * 0.36;
  const target = theme === 'dark' ? 255 : 0;
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `#${parts.map((part) => Math.round(part + (target - part) * share).toString(16).padStart(2, '0')).join('')}`;
}

/** Lines put upon each other: each with what is below it. A gap of a line stays one. */
export function stacked(lines) {
  if (lines.length === 0) return [];
  const below = new Array(lines[0].values.length).fill(0);
  return lines.map((line) => line.values.map((value, index) => {
    if (value === null) return null;
    below[index] += value;
    return below[index];
  }));
}

/** What the graph shows, in a sentence: `12 series, greatest 8.1 at 23:51, eu`. */
export function sentenceOf(lines, { short, clock }) {
  const drawn = lines.filter((line) => Number.isFinite(line.max));
  if (drawn.length === 0) return `${lines.length} series without values`;
  const high = drawn.reduce((a, b) => (b.max > a.max ? b : a));
  const low = drawn.reduce((a, b) => (b.min < a.min ? b : a));
  const of = (line) => (line.member ? `, ${line.member}` : '');
  return `${lines.length} series, max ${short(high.max)} at ${clock(high.maxAt)}${of(high)}; min ${short(low.min)} at ${clock(low.minAt)}${of(low)}`;
}

/** Rows of CSV: a head, then a row for each time. */
export function graphRows(times, lines) {
  return [['time', ...lines.map((line) => line.name)], ...times.map((time, index) => [
    new Date(time * 1000).toISOString(), ...lines.map((line) => line.values[index] ?? ''),
  ])];
}
