// Members: how every source of series is, one line each.

import { data, v1, v1OrLess } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { onLive } from '../../lib/live.js';
import { counted } from '../../lib/numbers.js';
import { note } from '../../lib/router.js';
import { loadProjects, session, stateOf } from '../../lib/session.js';
import { now } from '../../lib/time.js';
import { announce, banner, errorBanner, loading, toast } from '../../lib/ui.js';
import { hasWords, kindName, searchField, stateBadge } from '../common/parts.js';
import { hasMetrics, sourcesOf } from '../common/sources.js';
import { DataTable } from '../common/table.js';
import { feeds } from './feeds.js';
import { columns, details } from './lines.js';
import { Measures, readMeasures, speedsOf } from './measures.js';

const REFRESH = 5;
const HEADS = 60;

export function mount({ element, actions, params, signal, every }) {
  const measures = new Measures();
  const heads = new Map();
  const probing = new Set();
  let projects = [];
  let pools = [];
  let words = params.get('search') ?? '';
  let said = '';

  const summary = h('p', { class: 'summary' });
  const trouble = h('div');
  const below = h('div');
  const table = new DataTable({
    caption: 'Members', columns, key: (line) => line.project.name,
    details: (line) => details(line, { probe, isProbing: probing.has(line.project.name) }),
    empty: 'No member fits. Remove the filter, or make a project on the page Projects.',
  });
  replace(actions,
    h('button', { type: 'button', onclick: () => refresh(), title: `It is read again every ${REFRESH} seconds` }, 'Refresh'));
  replace(element,
    h('div', { class: 'toolbar' }, searchField('Filter', words, (text) => {
      words = text;
      note(text ? { search: text } : {});
      draw();
    }), summary),
    trouble, loading(), below);

  async function refresh() {
    try {
      const [all, families] = await Promise.all([
        data('api/projects', { signal }),
        v1OrLess('status/self_metrics', { signal, project: null, params: { metric_name_pattern: 'tributary_member_.*' } }, []).catch(() => []),
      ]);
      projects = all;
      // The bar is told at once of a member that came or went.
      const states = (list) => list.map((one) => `${one.name} ${stateOf(one)}`).join();
      if (states(all) !== states(session.projects)) loadProjects();
      measures.add(now(), readMeasures(families));
      replace(trouble);
    } catch (error) {
      if (signal.aborted) return;
      replace(trouble, errorBanner(error));
    }
    draw();
  }

  // What members say of their heads costs them more, and changes slowly; pools are for administrators.
  async function readHeads() {
    if (session.admin) pools = await data('api/cluster-pools', { signal }).catch(() => []);
    await Promise.all(members().filter((one) => hasMetrics(one) && stateOf(one) === 'up').map(async (one) => {
      const answer = await v1('status/tsdb', { project: one.name, signal, params: { limit: 1 } }).catch(() => null);
      if (answer?.headStats) heads.set(one.name, answer.headStats);
    }));
    draw();
  }

  const members = () => projects.filter((one) => one.kind !== 'multiCluster');

  function draw() {
    if (signal.aborted) return;
    const lines = members()
      .filter((one) => hasWords([one.name, kindName(one.kind), stateOf(one), one.status.version, ...sourcesOf(one)
        .flatMap((source) => [source.data, source.server, stateOf(source), source.status.lastError?.error])].join(' '), words))
      .map((project) => ({ project, state: stateOf(project), measures: measuresOf(project), head: heads.get(project.name) ?? null }));
    if (!table.element.isConnected) element.querySelector('.loading')?.replaceWith(table.element);
    table.show(lines);
    const count = (state) => members().filter((one) => stateOf(one) === state).length;
    const counts = [['up', 'up'], ['failing', 'failing'], ['paused', 'paused'], ['neverAsked', 'never asked']]
      .filter(([state]) => count(state) > 0).map(([state, word]) => `${count(state)} ${word}`).join(', ');
    const silent = members().flatMap((project) => sourcesOf(project).filter((one) => one.server && !['up', 'neverAsked'].includes(stateOf(one)))
      .map((one) => `${one.data} of ${project.name}`));
    const text = `${counted(members().length, 'member')}${counts ? `: ${counts}` : ''}${silent.length > 0 ? `; no answer: ${silent.join(', ')}` : ''}`;
    replace(summary, text);
    if (said && said !== text) announce(text);
    said = text;
    replace(below, poolList(), unionList(), feeds(projects));
  }

  // What the gateway itself says of the last minute goes before what the page has seen of it.
  function measuresOf(project) {
    const seen = measures.of(project.name);
    const said = speedsOf(project.status.windows);
    return seen || said ? { latencies: [], ...seen, ...said } : null;
  }

  function unionList() {
    const unions = projects.filter((one) => one.kind === 'multiCluster');
    if (unions.length === 0) return null;
    return h('section', { 'aria-labelledby': 'unions-title' }, h('h2', { id: 'unions-title' }, 'Multi-cluster projects'),
      h('ul', { class: 'dense-list' }, unions.map((one) => h('li', null, stateBadge(one), ' ', h('strong', null, one.name), ' ',
        h('span', { class: 'dim' }, `${counted(one.memberProjects?.length ?? 0, 'member')}: ${(one.memberProjects ?? []).join(', ')}`)))));
  }

  function poolList() {
    if (pools.length === 0) return null;
    return h('section', { 'aria-labelledby': 'pools-title' }, h('h2', { id: 'pools-title' }, 'Cluster pools'),
      h('ul', { class: 'dense-list' }, pools.map((pool) => h('li', null, h('strong', null, pool.name), ' ',
        (pool.clusters ?? []).map((name) => [stateBadge({ status: pool.status?.[name] ?? {} }), ` ${name} `])))));
  }

  async function probe(name) {
    probing.add(name);
    draw();
    try {
      await data(`api/projects/${encodeURIComponent(name)}/probe`, { method: 'POST', signal });
    } catch (error) {
      // A gateway without it asks a member that one looks at.
      if (!error.isAbsent && !signal.aborted) toast(`${name}: ${error.message}`, 'error');
    }
    probing.delete(name);
    await refresh();
    const one = projects.find((project) => project.name === name);
    if (one) toast(`${name} is ${stateOf(one)}`, stateOf(one) === 'up' ? 'ok' : 'warning');
  }

  const unlisten = onLive('member', (event) => {
    if (event?.state && event.state !== 'up') replace(trouble, banner('warning', `${event.project}: ${event.state}${event.error ? `: ${event.error}` : ''}`));
    refresh();
  });
  refresh().then(readHeads);
  every(REFRESH, refresh);
  every(HEADS, readHeads);
  return {
    navigated(changed) {
      words = changed.get('search') ?? '';
      draw();
    },
    unmount: unlisten,
  };
}
