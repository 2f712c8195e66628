// The tab Table: rows that are drawn only where they are seen, sorted and grouped as one likes, with a
// menu in each cell.

import { h, replace } from '../../lib/h.js';
import { counted, formatExact, formatShort } from '../../lib/numbers.js';
import { preference, setPreference } from '../../lib/preferences.js';
import { session } from '../../lib/session.js';
import { formatTime } from '../../lib/time.js';
import { copy, csv, download, empty, keepFocus, menu, menuAt } from '../../lib/ui.js';
import { selectorOf } from './promql/selectors.js';
import { barsOf, csvRows, grouped, sorted, tableOf } from './table-data.js';

const ROW = 26;
const MARGIN = 20;
// Rows that are drawn at once, without scrolling within the table.
const FEW = 200;

/**
 * @param {Run} outcome An answer without an error.
 * @param {{onfilter(label: string, operator: string, value: string): void}} options
 * @returns {{element: HTMLElement, controls: Node[], summary: string}}
 */
export function table(outcome, { onfilter }) {
  const data = tableOf(outcome.type, outcome.result, session.partitionLabel);
  const summary = outcome.type === 'scalar' || outcome.type === 'string' ? outcome.type : counted(data.rows.length, 'series', 'series');
  if (data.rows.length === 0) {
    return { element: empty('No series: nothing fits the expression at this time.'), controls: [], summary };
  }
  const view = { sort: null, group: null, hidden: new Set(preference('hiddenLabels', [])) };
  const element = h('div', { class: 'table-scroll result-table', tabindex: '0', role: 'group', 'aria-label': 'Result table' });
  const redraw = () => keepFocus(element, () => draw(element, data, view, { onfilter, redraw }));
  redraw();
  const controls = [];
  if (data.labels.length > 0) {
    controls.push(
      menu('Columns ▾', () => data.labels.map((label) => ({
        title: label, checked: !view.hidden.has(label),
        action: () => {
          if (!view.hidden.delete(label)) view.hidden.add(label);
          setPreference('hiddenLabels', [...view.hidden]);
          redraw();
        },
      })), { className: 'quiet', label: 'Columns' }),
      menu('Group ▾', () => [null, ...data.labels].map((label) => ({
        title: label ?? 'Not grouped', checked: view.group === label, action: () => { view.group = label; redraw(); },
      })).flatMap((item, index) => (index === 1 ? [null, item] : [item])), { className: 'quiet', label: 'Group by' }));
  }
  controls.push(h('button', { type: 'button', class: 'quiet', onclick: () => download('result.csv', csv(csvRows(data)), 'text/csv') }, 'CSV'));
  return { element, controls, summary };
}

function draw(element, data, view, actions) {
  const labels = data.labels.filter((label) => !view.hidden.has(label));
  const greatest = Math.max(0, ...data.rows.map((row) => Math.abs(row.value)).filter(Number.isFinite));
  // Values of different metrics say nothing about each other.
  const isOneMetric = data.rows.every((row) => row.metric.__name__ === data.rows[0].metric.__name__);
  const context = { ...actions, labels, greatest, hasBars: isOneMetric && data.rows.length > 1 && greatest > 0 && data.rows.every((row) => !(row.value < 0)) };
  const all = sorted(data.rows, view.sort);
  // What is drawn: rows, and the heads of groups between.
  const lines = view.group === null ? all : grouped(all, view.group).flatMap(([value, rows]) => [{ head: value, rows }, ...rows]);
  const isFixed = lines.length > FEW && !data.rows.some((row) => row.histogram || row.samples);
  const body = h('tbody', {});
  const result = h('table', { class: isFixed && 'fixed-rows', 'aria-rowcount': lines.length + 1 }, head(labels, view, actions.redraw), body);
  replace(element, result);
  element.onscroll = null;
  element.classList.toggle('scrolls', isFixed);
  if (!isFixed) {
    // Histograms and ranges have rows of their own heights, of which a few hundred can be drawn.
    const shown = lines.slice(0, 2 * FEW);
    replace(body, shown.map((line) => rowOf(line, view, context)));
    if (shown.length < lines.length) {
      const more = h('button', { type: 'button', onclick: () => { more.remove(); body.append(...lines.slice(shown.length).map((line) => rowOf(line, view, context))); } },
        `Show ${counted(lines.length - shown.length, 'more row')}`);
      element.append(more);
    }
    return;
  }
  let first = -1;
  const window_ = () => {
    const from = Math.max(0, Math.floor(element.scrollTop / ROW) - MARGIN);
    if (Math.abs(from - first) < MARGIN / 2 && first >= 0) return;
    first = from;
    const count = Math.ceil((element.clientHeight || 600) / ROW) + 2 * MARGIN;
    const shown = lines.slice(from, from + count);
    const space = (height) => height > 0 && h('tr', { class: 'space', 'aria-hidden': 'true' }, h('td', { colspan: labels.length + 1, css: { height: `${height}px` } }));
    replace(body, space(from * ROW), shown.map((line, index) => rowOf(line, view, context, from + index + 2)), space((lines.length - from - shown.length) * ROW));
  };
  element.onscroll = () => requestAnimationFrame(window_);
  window_();
  // Columns keep their widths, whatever rows are scrolled to.
  requestAnimationFrame(() => {
    for (const cell of result.tHead.rows[0].cells) cell.style.setProperty('min-width', `${cell.offsetWidth}px`);
  });
}

function head(labels, view, redraw) {
  const column = (key, title, isNumber) => {
    const isSorted = view.sort?.key === key;
    const next = !isSorted ? { key, down: isNumber } : view.sort.down === isNumber ? { key, down: !isNumber } : null;
    const sign = isSorted ? (view.sort.down ? '↓' : '↑') : '';
    return h('th', { scope: 'col', class: isNumber && 'number', 'aria-sort': isSorted ? (view.sort.down ? 'descending' : 'ascending') : null },
      h('button', { type: 'button', class: 'quiet column', title: `Sort by ${title}`, onclick: () => { view.sort = next; redraw(); } }, title, h('span', { 'aria-hidden': 'true' }, sign)));
  };
  return h('thead', {}, h('tr', {}, labels.map((label) => column(label, label === '__name__' ? 'name' : label, false)), column('value', 'value', true)));
}

function rowOf(line, view, context, index) {
  if (line.rows) {
    const title = line.head === '' ? `no ${view.group}` : `${view.group} = ${line.head}`;
    return h('tr', { class: 'group', 'aria-rowindex': index }, h('th', { scope: 'rowgroup', colspan: context.labels.length + 1 }, title, ' ', h('span', { class: 'small' }, `(${line.rows.length})`)));
  }
  return h('tr', { 'aria-rowindex': index }, context.labels.map((label) => cell(line, label, context)), valueCell(line, context));
}

function cell(row, label, { onfilter }) {
  const value = row.metric[label];
  if (value === undefined) return h('td', {});
  const button = h('button', {
    type: 'button', class: 'cell', title: value, 'aria-haspopup': 'menu',
    onclick: () => menuAt(button, [
      { title: `Only ${label} = ${value}`, action: () => onfilter(label, '=', value) },
      { title: `All but ${label} = ${value}`, action: () => onfilter(label, '!=', value) },
      null,
      { title: 'Copy the value', action: () => copy(value, 'the value') },
      { title: 'Copy the selector of this series', action: () => copy(selectorOf(row.metric), 'the selector') },
    ]),
  }, value);
  return h('td', {}, button);
}

function valueCell(row, { greatest, hasBars }) {
  if (row.histogram) return h('td', { class: 'number' }, histogram(row.histogram));
  if (row.samples) {
    return h('td', { class: 'number' }, h('details', {}, h('summary', {}, counted(row.samples.length, 'sample')),
      h('pre', {}, row.samples.map(([time, text]) => `${text}  @ ${formatTime(time)}`).join('\n'))));
  }
  const share = hasBars && Number.isFinite(row.value) ? row.value / greatest : 0;
  return h('td', { class: 'number bar-cell', title: row.time === null ? null : `${formatShort(row.value)} at ${formatTime(row.time)}` },
    share > 0 && h('i', { 'aria-hidden': 'true', css: { width: `${(share * 100).toFixed(1)}%` } }), h('span', {}, row.text || formatExact(row.value)));
}

/** A native histogram as bars, with its numbers in words. */
function histogram(value) {
  const bars = barsOf(value);
  const mean = Number(value.count) > 0 ? Number(value.sum) / Number(value.count) : NaN;
  const text = `count ${formatShort(Number(value.count))}, sum ${formatShort(Number(value.sum))}, mean ${formatShort(mean)}`;
  return h('div', { class: 'histogram' },
    h('div', { class: 'histogram-bars', role: 'img', 'aria-label': `Histogram of ${bars.length} buckets, ${text}` }, bars.map((bar) => h('i', {
      title: `${formatShort(bar.low)} … ${formatShort(bar.high)}: ${formatShort(bar.count)}`, css: { height: `${Math.max(4, bar.share * 100)}%` },
    }))),
    h('div', { class: 'small' }, text));
}
