// The panels of the query page as parameters of the URL, with Prometheus's names where it has them, so
// that links from Prometheus, Alertmanager and Grafana work. Pure.

import { formatDuration, parseDuration, parseTime } from '../../lib/time.js';

/** A panel as it begins. Times in seconds; `end` and `time` null mean now. */
export function newPanel(expr = '') {
  return {
    expr,
    tab: 'table',
    // What the tabs Explain and Raw JSON are about: `query` or `query_range`.
    kind: 'query',
    range: 3600,
    end: null,
    time: null,
    // Seconds, or null for what fits the window.
    step: null,
    // The members that are asked; empty is all.
    members: [],
    style: 'lines',
    log: false,
    zero: false,
    split: false,
    exact: false,
    // `null` is the project's own rule.
    partial: null,
  };
}

const TABS = ['table', 'graph', 'explain', 'json'];
// Prometheus's former page had numbers for tabs.
const OLD_TABS = { 0: 'graph', 1: 'table' };

/** The panels of a URL; at least one. */
export function panelsOf(params) {
  const numbers = new Set();
  for (const name of params.keys()) {
    const match = /^g(\d+)\./.exec(name);
    if (match) numbers.add(Number(match[1]));
  }
  const panels = [...numbers].sort((a, b) => a - b).map((number) => panelOf(params, number));
  if (panels.length === 0) panels.push(newPanel(params.get('query') ?? ''));
  return panels;
}

function panelOf(params, number) {
  const get = (name) => params.get(`g${number}.${name}`);
  const panel = newPanel(get('expr') ?? '');
  const tab = get('tab');
  panel.tab = TABS.includes(tab) ? tab : OLD_TABS[tab] ?? 'table';
  panel.kind = panel.tab === 'graph' || get('kind') === 'query_range' ? 'query_range' : 'query';
  panel.range = parseDuration(get('range_input') ?? get('range') ?? '') || 3600;
  // Prometheus's times of a URL are those of UTC.
  panel.end = parseTime(get('end_input'), 'utc');
  panel.time = parseTime(get('moment_input') ?? get('time'), 'utc');
  panel.step = parseDuration(get('step_input') ?? get('step') ?? '') || null;
  panel.members = (get('project') ?? '').split(',').filter(Boolean);
  const style = get('display_mode') ?? (get('stacked') === '1' ? 'stacked' : 'lines');
  panel.style = ['lines', 'stacked', 'points'].includes(style) ? style : 'lines';
  for (const flag of ['log', 'zero', 'split', 'exact']) panel[flag] = get(flag) === '1';
  panel.partial = ['true', 'false', 'safe'].includes(get('partial')) ? get('partial') : null;
  return panel;
}

/** The parameters of panels; what is as it begins is left out. */
export function paramsOf(panels) {
  const params = new URLSearchParams();
  panels.forEach((panel, number) => {
    const set = (name, value) => params.set(`g${number}.${name}`, value);
    set('expr', panel.expr);
    set('tab', panel.tab);
    if (panel.kind === 'query_range' && panel.tab !== 'graph') set('kind', panel.kind);
    if (panel.range !== 3600 || panel.tab === 'graph') set('range_input', formatDuration(panel.range));
    if (panel.end !== null) set('end_input', utc(panel.end));
    if (panel.time !== null) set('moment_input', utc(panel.time));
    if (panel.step !== null) set('step_input', String(panel.step));
    if (panel.members.length > 0) set('project', panel.members.join(','));
    if (panel.style !== 'lines') set('display_mode', panel.style);
    for (const flag of ['log', 'zero', 'split', 'exact']) if (panel[flag]) set(flag, '1');
    if (panel.partial) set('partial', panel.partial);
  });
  return params;
}

const utc = (seconds) => new Date(Math.round(seconds * 1000)).toISOString().replace('T', ' ').replace(/(\.000)?Z$/, '');

/** The step that gives some 250 points, in whole seconds where that is possible. */
export function stepOf(panel, points = 250) {
  if (panel.step !== null) return panel.step;
  const exact = panel.range / points;
  return exact >= 1 ? Math.ceil(exact) : Math.max(0.001, Math.ceil(exact * 1000) / 1000);
}

const RANGES = [60, 300, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_419_200, 4_838_400, 14_515_200, 31_536_000];

/** The next longer range, or with `-1` the next shorter one. */
export function nextRange(range, direction) {
  const all = direction > 0 ? RANGES : [...RANGES].reverse();
  return all.find((one) => (direction > 0 ? one > range : one < range)) ?? range;
}
