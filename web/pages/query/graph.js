// The tab Graph: one graph, or one for each member, with the table of its series.

import { h, replace } from '../../lib/h.js';
import { counted, formatShort } from '../../lib/numbers.js';
import { theme } from '../../lib/preferences.js';
import { session } from '../../lib/session.js';
import { formatTime } from '../../lib/time.js';
import { banner, choice, csv, download, empty, menu } from '../../lib/ui.js';
import { graphRows, linesOf, looksOf, sentenceOf, stacked } from './graph-data.js';
import { legend } from './legend.js';

// More lines than this are drawn only when asked for.
const MOST = 500;
const FIRST = 100;

/**
 * @param {Run} outcome A matrix without an error.
 * @param {Object} panel
 * @param {{change(fields: Object): void, onzoom(start: number, end: number): void, onback(): void}} options
 * @returns {{element: HTMLElement, controls: Node[], summary: string, destroy(): void}}
 */
export function graph(outcome, panel, { change, onzoom, onback }) {
  const { start, end, step } = outcome.parameters;
  const all = linesOf(outcome.result, { start, end, step }, session.partitionLabel);
  const summary = counted(all.lines.length, 'series', 'series');
  if (all.lines.length === 0) return { element: empty('No series: nothing fits the expression in this range.'), controls: [], summary, destroy() {} };

  const element = h('div', { class: 'graph' });
  const drawn = [];
  let lines = all.lines;
  let plotter = null;
  let isGone = false;

  const notes = h('div', {});
  const frames = h('div', { class: 'graph-frames' });
  element.append(notes, frames);
  if (all.lines.length > MOST) {
    lines = [...all.lines].sort((a, b) => (b.last ?? -Infinity) - (a.last ?? -Infinity)).slice(0, FIRST);
    replace(notes, banner('info', `${counted(all.lines.length, 'series', 'series')}: the ${FIRST} that are greatest at the end are drawn.`,
      h('button', { type: 'button', onclick: () => { replace(notes); lines = all.lines; draw(); } }, 'Show all')));
  }
  if (all.withoutValues > 0) {
    notes.append(banner('info', `${counted(all.withoutValues, 'series', 'series')} of native histograms: their counts are drawn. histogram_quantile() and histogram_avg() give numbers of them.`));
  }

  import('./plot.js').then((module) => { plotter = module.plot; draw(); }).catch((error) => {
    console.error(error);
    replace(frames, banner('error', 'The graph could not be loaded. The series are in the table below, and as CSV.'));
    frames.append(legend(lines, looksOf(lines, theme()), all.times, { onvisible() {}, onfocus() {} }).element);
  });

  function draw() {
    clear();
    if (isGone || !plotter) return;
    const looks = looksOf(lines, theme());
    const parts = panel.split ? byMember(lines) : [[null, lines.map((_, index) => index)]];
    for (const [title, indices] of parts) drawn.push(frame(title, indices, looks, parts.length > 1));
    replace(frames, drawn.map((one) => one.element));
    // The width is known only now.
    for (const one of drawn) one.begin();
  }

  function frame(title, indices, looks, isSmall) {
    const own = indices.map((index) => lines[index]);
    const ownLooks = indices.map((index) => looks[index]);
    const columns = panel.style === 'stacked' ? stacked(own) : own.map((line) => line.values);
    const sentence = sentenceOf(own, { short: formatShort, clock: (seconds) => formatTime(seconds) });
    const place = h('div', { class: 'plot', role: 'img', 'aria-label': `Graph: ${sentence}` });
    let plot = null;
    const list = legend(own, ownLooks, all.times, { onvisible: (visible) => plot?.show(visible), onfocus: (index) => plot?.focus(index) });
    const element = h('div', { class: 'graph-frame', role: 'group', 'aria-label': title ?? 'Graph' }, title !== null && h('h3', {}, title || `no ${session.partitionLabel}`), place, list.element);
    const size = () => [Math.max(240, place.clientWidth), isSmall ? 180 : Math.max(220, Math.min(360, Math.round(window.innerHeight * 0.38)))];
    const observer = new ResizeObserver(() => plot?.resize(...size()));
    return {
      element, place, title,
      get canvas() { return plot?.canvas; },
      begin() {
        const [width, height] = size();
        plot = plotter({
          times: all.times, columns, looks: ownLooks, visible: own.map(() => true), style: panel.style, log: panel.log, zero: panel.zero,
          width, height, span: { start, end }, oncursor: (index) => list.cursor(index), onzoom, onback,
        });
        replace(place, plot.element);
        observer.observe(place);
      },
      destroy() {
        observer.disconnect();
        plot?.destroy();
      },
    };
  }

  function clear() {
    for (const one of drawn.splice(0)) one.destroy();
  }

  window.addEventListener('themechange', draw);
  const name = 'graph';
  const controls = [
    choice({
      label: 'Style', selected: panel.style, items: [['lines', 'Lines'], ['stacked', 'Stacked'], ['points', 'Points']],
      onselect: (style) => { change({ style }); draw(); },
    }),
    toggle('Log', 'Logarithmic scale', 'log'),
    toggle('Zero', 'Scale from zero', 'zero'),
    byMember(lines).length > 1 && toggle('Split', `One graph for each ${session.partitionLabel}`, 'split'),
    menu('Export ▾', () => [
      { title: 'CSV', action: () => download(`${name}.csv`, csv(graphRows(all.times, lines)), 'text/csv') },
      { title: 'JSON', action: () => download(`${name}.json`, outcome.text, 'application/json') },
      { title: 'PNG', action: () => picture(drawn).then((blob) => download(`${name}.png`, blob)) },
    ], { className: 'quiet', label: 'Export' }),
  ];

  function toggle(text, title, field) {
    const button = h('button', {
      type: 'button', class: 'quiet', title, 'aria-label': title, 'aria-pressed': String(panel[field]),
      onclick: () => { change({ [field]: !panel[field] }); button.setAttribute('aria-pressed', String(panel[field])); draw(); },
    }, text);
    return button;
  }

  return {
    element, controls, summary, sentence: sentenceOf(all.lines, { short: formatShort, clock: (seconds) => formatTime(seconds) }),
    destroy() {
      isGone = true;
      window.removeEventListener('themechange', draw);
      clear();
    },
  };
}

/** The indices of lines by member, in the order of the names. */
function byMember(lines) {
  const groups = new Map();
  lines.forEach((line, index) => {
    const key = line.member ?? '';
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(index);
  });
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The graphs below each other, on the colour of the page. */
function picture(frames) {
  const canvases = frames.map((frame) => frame.canvas).filter(Boolean);
  const whole = document.createElement('canvas');
  whole.width = Math.max(...canvases.map((one) => one.width));
  whole.height = canvases.reduce((sum, one) => sum + one.height, 0);
  const context = whole.getContext('2d');
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, whole.width, whole.height);
  let top = 0;
  for (const one of canvases) {
    context.drawImage(one, 0, top);
    top += one.height;
  }
  return new Promise((resolve) => { whole.toBlob(resolve, 'image/png'); });
}
