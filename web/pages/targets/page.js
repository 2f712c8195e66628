// Targets: what every member scrapes, by pool.

import { answer, apiPath } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { counted } from '../../lib/numbers.js';
import { note } from '../../lib/router.js';
import { session } from '../../lib/session.js';
import { formatElapsed, fromRFC3339 } from '../../lib/time.js';
import { badge, empty, errorBanner, loading } from '../../lib/ui.js';
import { agoOf, facts, hasWords, labelChips, queryLink, searchField, selectField, warnings } from '../common/parts.js';
import { DataTable } from '../common/table.js';

const REFRESH = 10;
const HEALTH = { up: ['ok', 'up'], down: ['error', 'down'], unknown: ['neutral', 'not scraped yet'] };

export function mount({ element, actions, params, signal, every }) {
  const state = { search: '', health: '', project: '' };
  let targets = null;
  const groups = new Map();
  const summary = h('p', { class: 'summary' });
  const notes = h('div');
  const place = h('div', null, loading());
  const search = searchField('Filter', '', (text) => change('search', text));
  const health = selectField('Health', '', [['', 'all'], ['down', 'down'], ['up', 'up'], ['unknown', 'not scraped yet']], (value) => change('health', value));
  const member = selectField('Member', '', [['', 'all']], (value) => change('project', value));
  replace(actions, h('button', { type: 'button', onclick: () => read(), title: `They are read again every ${REFRESH} seconds` }, 'Refresh'));
  replace(element, h('div', { class: 'toolbar' }, search, health, member, summary), notes, place);

  function change(name, value) {
    state[name] = value;
    note(Object.fromEntries(Object.entries(state).filter(([, one]) => one !== '')));
    draw();
  }

  function take(from) {
    for (const name of Object.keys(state)) state[name] = from.get(name) ?? '';
    search.querySelector('input').value = state.search;
    health.querySelector('select').value = state.health;
  }

  async function read() {
    try {
      const found = await answer(`${apiPath()}/targets`, { params: { state: 'active' }, signal });
      targets = found.data.activeTargets ?? [];
      replace(notes, warnings(found.warnings));
    } catch (error) {
      if (signal.aborted) return;
      replace(notes, errorBanner(error));
      targets ??= [];
    }
    draw();
  }

  const memberOf = (target) => target.labels?.[session.partitionLabel] ?? target.scrapePool.split('/')[0];

  function draw() {
    if (targets === null || signal.aborted) return;
    drawMembers();
    const found = targets.filter((one) => (state.health === '' || one.health === state.health)
      && (state.project === '' || memberOf(one) === state.project)
      && hasWords(`${one.scrapePool} ${one.scrapeUrl} ${Object.entries(one.labels).map((pair) => pair.join('=')).join(' ')} ${one.lastError}`, state.search));
    const down = found.filter((one) => one.health === 'down').length;
    replace(summary, `${counted(found.length, 'target')}${down > 0 ? `, ${down} down` : found.length > 0 ? ', none down' : ''}`);
    const pools = new Map();
    for (const one of found) {
      if (!pools.has(one.scrapePool)) pools.set(one.scrapePool, []);
      pools.get(one.scrapePool).push(one);
    }
    if (pools.size === 0) {
      groups.clear();
      return replace(place, empty(targets.length > 0 ? 'No target fits the filters.' : 'No member has targets. Members that are no Prometheus do not tell theirs.'));
    }
    const wanted = [...pools].map(([name, list]) => {
      if (!groups.has(name)) groups.set(name, group(name));
      groups.get(name).show(list);
      return groups.get(name).element;
    });
    if (wanted.length !== place.children.length || wanted.some((one, index) => place.children[index] !== one)) replace(place, wanted);
  }

  function drawMembers() {
    const list = member.querySelector('select');
    const names = [...new Set([...targets.map(memberOf), state.project].filter(Boolean))].sort();
    if (list.options.length !== names.length + 1) replace(list, h('option', { value: '' }, 'all'), names.map((name) => h('option', { value: name }, name)));
    list.value = state.project;
  }

  take(params);
  read();
  every(REFRESH, read);
  return {
    navigated(changed) {
      take(changed);
      draw();
    },
  };
}

/** A pool of targets: a line that says how it is, and the targets under it. */
function group(name) {
  const count = h('span');
  const table = new DataTable({
    caption: `Targets of ${name}`, key: (one) => `${one.scrapeUrl} ${JSON.stringify(one.labels)}`,
    name: (one) => one.labels?.instance ?? one.scrapeUrl, details: targetDetails, most: 100,
    columns: [
      { id: 'target', width: '26%', label: 'Target', cell: (one) => h('span', { class: 'mono' }, one.scrapeUrl.replace(/^https?:\/\//, '')), sort: (one) => one.scrapeUrl },
      { id: 'health', width: '14%', label: 'Health', cell: (one) => badge(...(HEALTH[one.health] ?? ['neutral', one.health])), sort: (one) => one.health },
      { id: 'labels', width: '16%', label: 'Labels', wide: true, cell: (one) => labelChips(one.labels, { without: ['instance', 'job', session.partitionLabel] }) },
      { id: 'scraped', width: '10%', label: 'Scraped', cell: (one) => agoOf(one.lastScrape), sort: (one) => fromRFC3339(one.lastScrape) },
      { id: 'took', width: '8%', label: 'Took', numeric: true, wide: true, cell: (one) => formatElapsed(one.lastScrapeDuration), sort: (one) => one.lastScrapeDuration },
      { id: 'error', width: '26%', label: 'Last error', wide: true, cell: (one) => (one.lastError ? h('span', { class: 'cut error-text', title: one.lastError }, one.lastError) : h('span', { class: 'dim' }, 'none')) },
    ],
  });
  const element = h('details', { class: 'group', open: true },
    h('summary', null, h('h2', null, name), ' ', count), table.element);
  return {
    element,
    show(list) {
      const up = list.filter((one) => one.health === 'up').length;
      const fresh = badge(up === list.length ? 'ok' : 'error', `${up} of ${list.length} up`);
      if (!count.firstChild?.isEqualNode(fresh)) replace(count, fresh);
      table.show(list);
    },
  };
}

function targetDetails(one) {
  const up = `up{${Object.entries(one.labels).filter(([label]) => ['job', 'instance', session.partitionLabel].includes(label))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(', ')}}`;
  return h('div', null,
    facts([
      ['Scraped at', h('span', { class: 'mono' }, one.scrapeUrl)],
      ['Last error', one.lastError && h('span', { class: 'error-text' }, one.lastError)],
      ['Every', `${one.scrapeInterval}, within ${one.scrapeTimeout}`],
      ['Took', formatElapsed(one.lastScrapeDuration)],
      ['Labels', labelChips(one.labels)],
      ['Discovered labels', labelChips(one.discoveredLabels)],
    ]),
    h('p', { class: 'member-actions' }, queryLink(up, 'Was it up?', { tab: 'graph' })));
}
