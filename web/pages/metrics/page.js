// The metrics of a project: found by name and meaning, and each with what its members say of it.

import { ApiError, v1 } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { counted } from '../../lib/numbers.js';
import { note } from '../../lib/router.js';
import { empty, errorBanner, loading } from '../../lib/ui.js';
import { hasWords, searchField, selectField, warnings } from '../common/parts.js';
import { describe } from './families.js';
import { inspect, typeBadge } from './inspector.js';
import { allNames, ranked, similarNames } from './search.js';

const MOST = 200;
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'info', 'unknown'];

export function mount({ element, params, signal, bind }) {
  const state = { search: '', type: '', metric: '' };
  let metrics = [];
  let metadata = {};
  // The names that fit the text of the search, as the gateway ranks them.
  let similar = [];
  let hasMore = false;
  let searching = new AbortController();
  let inspected = new AbortController();

  const count = h('p', { class: 'summary' });
  const notes = h('div');
  const list = h('ul', { class: 'metric-list', 'aria-label': 'Metrics' });
  const inspector = h('section', { class: 'inspector', 'aria-label': 'The chosen metric' });
  const search = searchField('Search names and help', '', (text) => {
    state.search = text;
    keep();
    find();
  });
  const type = selectField('Type', '', [['', 'all'], ...TYPES.map((one) => [one, one]), ['disagree', 'members disagree']], (value) => {
    state.type = value;
    keep();
    drawList();
  });
  replace(element,
    h('div', { class: 'toolbar' }, search, type, count), notes,
    h('div', { class: 'two-columns' }, h('div', { class: 'metric-column' }, loading(), list), inspector));
  bind('/', 'Search', () => search.querySelector('input').focus(), { group: 'Metrics' });

  function keep() {
    note(Object.fromEntries(Object.entries(state).filter(([, value]) => value !== '')));
  }

  function take(from) {
    for (const name of Object.keys(state)) state[name] = from.get(name) ?? '';
    search.querySelector('input').value = state.search;
    type.querySelector('select').value = state.type;
  }

  async function read() {
    try {
      const [found, described] = await Promise.all([
        allNames(signal),
        // Where the metadata may not be read, the names are still there.
        v1('metadata', { params: { by_project: true }, signal }).catch((error) => {
          if (error instanceof ApiError && error.status !== 0) return {};
          throw error;
        }),
      ]);
      metadata = described ?? {};
      hasMore = found.hasMore;
      metrics = describe(found.names, metadata);
      replace(notes, warnings(found.warnings));
    } catch (error) {
      if (!signal.aborted) replace(notes, errorBanner(error));
    }
    if (signal.aborted) return;
    element.querySelector('.loading')?.remove();
    await find();
    drawMetric();
  }

  /** Shows what is known already that fits, then what the gateway finds besides. */
  async function find() {
    searching.abort();
    searching = new AbortController();
    signal.addEventListener('abort', () => searching.abort(), { once: true });
    const mine = searching.signal;
    similar = [];
    drawList();
    if (state.search.trim() === '') return;
    try {
      const { names } = await similarNames(state.search, MOST, mine);
      const known = new Set(metrics.map((one) => one.name));
      metrics = [...metrics, ...describe(names.filter((name) => !known.has(name)), metadata)];
      similar = names;
      drawList();
    } catch (error) {
      if (!mine.aborted) replace(notes, errorBanner(error));
    }
  }

  function drawList() {
    const found = ranked(metrics, similar, (text) => hasWords(text, state.search))
      .filter((one) => state.type === '' || (state.type === 'disagree' ? one.disagree : one.type === state.type));
    const shown = found.slice(0, MOST);
    replace(count, [counted(found.length, 'metric'), found.length > MOST && `, the first ${MOST} are listed`,
      hasMore && '. There are more names than one answer has: search for those that are not here'].filter(Boolean).join(''));
    replace(list, shown.map((one) => h('li', null, h('button', {
      type: 'button', class: 'metric-button', 'aria-pressed': String(one.name === state.metric), title: one.help,
      onclick: () => choose(one.name),
    }, h('span', { class: 'metric-name' }, one.name), ' ',
    one.disagree ? typeBadge(one) : h('span', { class: 'dim' }, one.type)))));
  }

  function choose(name) {
    state.metric = name;
    keep();
    for (const button of list.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.querySelector('.metric-name').textContent === name));
    }
    drawMetric();
    const title = inspector.querySelector('h2');
    title?.focus({ preventScroll: true });
    // In a narrow window it is below the list.
    title?.scrollIntoView({ block: 'nearest' });
  }

  function drawMetric() {
    inspected.abort();
    inspected = new AbortController();
    signal.addEventListener('abort', () => inspected.abort(), { once: true });
    const metric = metrics.find((one) => one.name === state.metric);
    if (metric) inspect(inspector, metric, { signal: inspected.signal });
    else replace(inspector, empty(state.metric ? `No member has ${state.metric}.` : 'Choose a metric to see its members, labels, and queries to begin with.'));
  }

  take(params);
  drawMetric();
  read();
  return {
    navigated(changed) {
      take(changed);
      find();
      drawMetric();
    },
  };
}
