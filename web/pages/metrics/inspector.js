// What is known of one metric: descriptions by member, series by member, labels, and queries.

import { v1 } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { counted, formatCount } from '../../lib/numbers.js';
import { session } from '../../lib/session.js';
import { badge, copyButton, errorBanner, loading } from '../../lib/ui.js';
import { bar, queryLink } from '../common/parts.js';
import { samples, selectorOf } from './families.js';

const MOST_VALUES = 1000;
const MOST_LABELS = 40;

/** Shows a metric in an element, part by part as the answers come. */
export function inspect(element, metric, { signal }) {
  const partition = session.partitionLabel;
  const series = h('section', { 'aria-labelledby': 'metric-series' }, h('h3', { id: 'metric-series' }, 'Series by member'), loading());
  const labels = h('section', { 'aria-labelledby': 'metric-labels' }, h('h3', { id: 'metric-labels' }, 'Labels'), loading());
  replace(element,
    h('div', { class: 'inspector-head' }, h('h2', { id: 'metric-name', tabindex: '-1' }, metric.name), copyButton(metric.name, 'the name')),
    h('p', null, typeBadge(metric), metric.units.length > 0 && ` unit ${metric.units.join(', ')}`),
    metric.help ? h('p', { class: 'help-text' }, metric.help) : h('p', { class: 'dim' }, 'No member says what it means.'),
    metric.disagree && disagreement(metric),
    h('section', { 'aria-labelledby': 'metric-queries' }, h('h3', { id: 'metric-queries' }, 'Queries to begin with'),
      h('ul', { class: 'sample-queries' }, samples(metric, partition).map((one) => h('li', null,
        queryLink(one.text, one.text, { tab: 'graph' }), h('span', { class: 'dim' }, ` ${one.title}`))))),
    series, labels);
  fill(series, () => seriesByMember(metric, partition, signal), signal);
  fill(labels, () => labelsOf(metric, signal), signal);
}

/** The type, as the members say it, or as they do not agree on it. */
export function typeBadge(metric) {
  if (metric.types.length > 1) return badge('error', metric.types.join(' or '), 'Members do not agree on the type');
  return badge('info', metric.type, metric.types.length === 0 ? 'Guessed from the name: no member describes it' : null);
}

function disagreement(metric) {
  return h('div', { class: 'disagreement' },
    h('p', null, badge('error', 'Members do not agree'), ' on its type or unit. A query over all of them mixes what is not the same.'),
    h('table', { class: 'data-table' },
      h('caption', { class: 'visually-hidden' }, 'Descriptions by member'),
      h('thead', null, h('tr', null, ['Members', 'Type', 'Unit', 'Help'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', null, metric.descriptions.map((one) => h('tr', null,
        h('th', { scope: 'row' }, (one.projects ?? ['one or more']).join(', ')),
        h('td', null, one.type), h('td', null, one.unit || '–'), h('td', null, one.help))))));
}

async function fill(section, make, signal) {
  const title = section.firstElementChild;
  try {
    const content = await make();
    if (!signal.aborted) replace(section, title, content);
  } catch (error) {
    if (!signal.aborted) replace(section, title, errorBanner(error));
  }
}

async function seriesByMember(metric, partition, signal) {
  const text = `count by (${partition}) (${selectorOf(metric.name)})`;
  const answer = await v1('query', { params: { query: text }, signal });
  const rows = answer.result
    .map((one) => ({ name: one.metric[partition] ?? 'this project', count: Number(one.value[1]) }))
    .sort((a, b) => b.count - a.count);
  if (rows.length === 0) return h('p', { class: 'dim' }, 'No series has a sample now.');
  const most = rows[0].count;
  return [
    h('p', { class: 'dim' }, `${counted(rows.reduce((sum, one) => sum + one.count, 0), 'series', 'series')} now`),
    h('table', { class: 'data-table narrow' },
      h('caption', { class: 'visually-hidden' }, 'Series by member'),
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Member'), h('th', { scope: 'col', class: 'number' }, 'Series'), h('th', { scope: 'col' }, 'Share'))),
      h('tbody', null, rows.map((one) => h('tr', null, h('th', { scope: 'row' }, one.name), h('td', { class: 'number' }, formatCount(one.count)),
        h('td', null, bar(one.count / most)))))),
  ];
}

async function labelsOf(metric, signal) {
  const match = { 'match[]': selectorOf(metric.name) };
  const names = (await v1('labels', { params: match, signal })).filter((name) => name !== '__name__');
  if (names.length === 0) return h('p', { class: 'dim' }, 'It has no labels.');
  const rows = new Map(names.slice(0, MOST_LABELS).map((name) => [name, h('tr', null, h('th', { scope: 'row' }, name), h('td', { class: 'number' }, '…'), h('td'))]));
  // Each list is a request of its own: a few at a time.
  const queue = [...rows.keys()];
  const work = async () => {
    while (queue.length > 0 && !signal.aborted) {
      const name = queue.shift();
      const values = await v1(`label/${encodeURIComponent(name)}/values`, { params: { ...match, limit: MOST_VALUES }, signal }).catch(() => null);
      if (signal.aborted) return;
      const cells = rows.get(name).children;
      replace(cells[1], values === null ? '–' : values.length >= MOST_VALUES ? `${formatCount(MOST_VALUES)} or more` : formatCount(values.length));
      if (values) {
        replace(cells[2], h('div', { class: 'example-values' },
          values.slice(0, 5).map((value) => queryLink(selectorOf(metric.name, `${name}=${JSON.stringify(value)}`), value || '(empty)')),
          values.length > 5 && '…'));
      }
    }
  };
  for (let one = 0; one < 4; one += 1) work();
  return [
    names.length > MOST_LABELS && h('p', { class: 'dim' }, `The first ${MOST_LABELS} of ${names.length} labels.`),
    h('div', { class: 'table-scroll', role: 'group', tabindex: '0', 'aria-label': 'Labels of the metric' },
      h('table', { class: 'data-table' },
        h('caption', { class: 'visually-hidden' }, 'Labels and their values'),
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Label'), h('th', { scope: 'col', class: 'number' }, 'Values'), h('th', { scope: 'col' }, 'Such as'))),
        h('tbody', null, [...rows.values()]))),
  ];
}
