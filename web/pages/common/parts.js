// Small parts that several pages are made of, beside those of lib/ui.js.

import { h, svg } from '../../lib/h.js';
import { urlOf } from '../../lib/router.js';
import { stateOf } from '../../lib/session.js';
import { formatAgo, formatElapsed, formatTime, fromRFC3339, now } from '../../lib/time.js';
import { badge, debounced, uniqueId } from '../../lib/ui.js';
import { sourcesOf } from './sources.js';

/** Labels and their values, as words that can be copied. */
export function labelChips(labels, { without = [] } = {}) {
  const shown = Object.entries(labels ?? {}).filter(([name]) => !without.includes(name));
  if (shown.length === 0) return h('span', { class: 'dim' }, 'none');
  return h('span', { class: 'labels' }, shown
    .map(([name, value]) => [h('span', { class: 'label-chip' }, h('span', { class: 'label-name' }, `${name}=`), value), ' ']));
}

/** A link that opens a query. */
export function queryLink(expression, text = expression, { tab = 'table', range = '1h', project } = {}) {
  const params = { 'g0.expr': expression, 'g0.tab': tab, 'g0.range': range };
  return h('a', { href: urlOf('query', { project, params }), class: 'query-link' }, text);
}

/** When something was, in words; the time itself as its title. */
export function ago(seconds) {
  if (seconds === null || seconds === undefined) return h('span', null, 'never');
  return h('time', { datetime: new Date(seconds * 1000).toISOString(), title: formatTime(Math.round(seconds)) }, formatAgo(seconds));
}

/** As `ago`, of a time of the API; of none it is `otherwise`. */
export function agoOf(text, otherwise = 'never') {
  const seconds = fromRFC3339(text);
  // Servers written in Go say the year 1 where they mean never.
  return seconds === null || seconds < 0 ? otherwise : ago(seconds);
}

/** Pairs of a term and what it is; those of nothing are left out. */
export function facts(pairs) {
  return h('dl', { class: 'pairs' }, pairs
    .filter((pair) => pair && ![null, undefined, false, ''].includes(pair[1]))
    .map(([term, value]) => [h('dt', null, term), h('dd', null, value)]));
}

const STATES = {
  up: ['ok', 'up'], failing: ['error', 'failing'], paused: ['warning', 'paused'], neverAsked: ['neutral', 'never asked'],
};

const signOf = (state) => STATES[state] ?? ['neutral', state];

/** How a project is, as the gateway knows it. */
export function stateBadge(project) {
  const state = stateOf(project);
  const [kind, word] = signOf(state);
  const until = fromRFC3339(project?.status?.pausedUntil);
  const isPaused = state === 'paused' && until !== null;
  return badge(kind, isPaused ? `paused for ${formatElapsed(Math.max(0, until - now()))}` : word);
}

/** How each source of a project is: of one that answers only what it has. */
export function sourceBadges(project) {
  return h('span', { class: 'source-badges' }, sourcesOf(project).map((one) => {
    const [kind, word] = signOf(stateOf(one));
    const state = kind === 'ok' ? h('span', { class: 'visually-hidden' }, ` ${word}`) : ` ${word}`;
    return [badge(kind, [one.data, state], one.status.lastError && kind !== 'ok' ? one.status.lastError.error : null), ' '];
  }));
}

const KINDS = {
  prometheus: 'Prometheus', replicas: 'replicas', remoteCoroot: 'remote Coroot', clusterPool: 'cluster pool',
  multiCluster: 'multi-cluster', misconfigured: 'misconfigured', telemetryOnly: 'without metrics',
};

/** The kind of a project, in words. */
export const kindName = (kind) => KINDS[kind] ?? kind;

/** Warnings of an answer, such as members that are missing in it. */
export function warnings(texts) {
  if (!texts?.length) return null;
  return h('ul', { class: 'warning-list', 'aria-label': 'Warnings' }, texts.map((text) => h('li', null, `! ${text}`)));
}

/** A line of values without axes; its numbers are said elsewhere. */
export function sparkline(values, { width = 64, height = 16 } = {}) {
  const known = values.filter((one) => Number.isFinite(one));
  const box = { class: 'sparkline', width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' };
  if (known.length < 2) return svg('svg', box);
  const most = Math.max(...known, Number.MIN_VALUE);
  const step = width / Math.max(1, values.length - 1);
  let path = '';
  let isDown = false;
  values.forEach((value, index) => {
    if (Number.isFinite(value)) {
      const y = height - 1 - (value / most) * (height - 2);
      path += `${isDown ? 'L' : 'M'}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    }
    isDown = Number.isFinite(value);
  });
  return svg('svg', box, svg('path', { d: path }));
}

/** A bar of a share, beside a number that says it. */
export function bar(share) {
  const width = Number.isFinite(share) ? Math.max(0, Math.min(1, share)) * 100 : 0;
  return h('span', { class: 'meter', 'aria-hidden': 'true' }, h('span', { css: { width: `${width.toFixed(1)}%` } }));
}

/** A field to narrow a list down; `change(text)` is called when the person pauses. */
export function searchField(label, value, change) {
  const tell = debounced(150, change);
  const id = uniqueId('search');
  return h('div', { class: 'field' }, h('label', { for: id }, label), h('input', {
    id, type: 'search', value, autocomplete: 'off', spellcheck: 'false', oninput: (event) => tell(event.target.value),
  }));
}

/** A list of choices, `[[value, text]]`. */
export function selectField(label, value, choices, change) {
  const id = uniqueId('choice');
  return h('div', { class: 'field' }, h('label', { for: id }, label),
    h('select', { id, value, onchange: (event) => change(event.target.value) },
      choices.map(([one, text]) => h('option', { value: one }, text))));
}

/** Whether a text has all words of another, in any order and in either case. */
export function hasWords(text, words) {
  const low = text.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => low.includes(word));
}
