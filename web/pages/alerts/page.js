// Alerts: what fires at every member, with a count for each.

import { answer, apiPath, v1OrLess } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { counted } from '../../lib/numbers.js';
import { note, urlOf } from '../../lib/router.js';
import { metricMemberNames, onSession, session } from '../../lib/session.js';
import { announce, empty, errorBanner, loading } from '../../lib/ui.js';
import { hasWords, searchField, selectField, warnings } from '../common/parts.js';
import { alertTable } from '../rules/lines.js';

const REFRESH = 10;

export function mount({ element, actions, params, signal, every }) {
  const state = { search: '', state: '', project: '' };
  let alerts = null;
  let said = '';
  const summary = h('p', { class: 'summary' });
  const notes = h('div');
  const counts = h('div', { class: 'count-bar', role: 'group', 'aria-label': 'Members' });
  const place = h('div', null, loading());
  const managers = h('div');
  const table = alertTable('Alerts');
  const search = searchField('Filter', '', (text) => change('search', text));
  const states = selectField('State', '', [['', 'all'], ['firing', 'firing'], ['pending', 'pending']], (value) => change('state', value));
  replace(actions, h('button', { type: 'button', onclick: () => read(), title: `They are read again every ${REFRESH} seconds` }, 'Refresh'));
  replace(element, h('div', { class: 'toolbar' }, search, states, summary), counts, notes, place, managers);

  function change(name, value) {
    state[name] = value;
    note(Object.fromEntries(Object.entries(state).filter(([, one]) => one !== '')));
    draw();
  }

  function take(from) {
    for (const name of Object.keys(state)) state[name] = from.get(name) ?? '';
    search.querySelector('input').value = state.search;
    states.querySelector('select').value = state.state;
  }

  const memberOf = (alert) => alert.labels[session.partitionLabel] ?? '';

  async function read() {
    try {
      const found = await answer(`${apiPath()}/alerts`, { signal });
      alerts = found.data.alerts ?? [];
      replace(notes, warnings(found.warnings));
    } catch (error) {
      if (signal.aborted) return;
      replace(notes, errorBanner(error));
      alerts ??= [];
    }
    draw();
  }

  async function readManagers() {
    const found = await v1OrLess('alertmanagers', { signal }, null).catch(() => null);
    if (signal.aborted || !found) return;
    const urls = (found.activeAlertmanagers ?? []).map((one) => one.url);
    replace(managers, h('section', { 'aria-labelledby': 'managers-title' }, h('h2', { id: 'managers-title' }, 'Alertmanagers'),
      urls.length > 0
        ? h('ul', { class: 'dense-list mono' }, urls.map((url) => h('li', null, url)))
        : h('p', { class: 'dim' }, 'No member sends its alerts to an Alertmanager.')));
  }

  function draw() {
    if (alerts === null || signal.aborted) return;
    const fitting = alerts.filter((one) => (state.state === '' || one.state === state.state)
      && hasWords(Object.entries({ ...one.labels, ...one.annotations }).map((pair) => pair.join('=')).join(' '), state.search));
    drawCounts(fitting);
    const found = fitting.filter((one) => state.project === '' || memberOf(one) === state.project);
    const firing = found.filter((one) => one.state === 'firing').length;
    const text = `${counted(firing, 'alert')} firing, ${found.length - firing} pending`;
    replace(summary, text);
    if (said && said !== text) announce(text);
    said = text;
    if (found.length === 0) {
      return replace(place, empty(alerts.length > 0 ? 'No alert fits the filters.' : 'No alert fires, and none is pending.',
        h('p', null, h('a', { href: urlOf('rules', { params: { type: 'alerting' } }) }, 'The rules that watch'))));
    }
    table.show(found);
    if (place.firstElementChild !== table.element) replace(place, table.element);
  }

  // A member without alerts is shown too: that it has none is worth knowing.
  function drawCounts(fitting) {
    const names = [...new Set([...metricMemberNames(), ...alerts.map(memberOf)])].filter(Boolean);
    const focused = counts.contains(document.activeElement) ? document.activeElement.dataset.member : null;
    replace(counts, names.length > 1 && ['', ...names].map((name) => {
      const count = name === '' ? fitting.length : fitting.filter((one) => memberOf(one) === name).length;
      return h('button', {
        type: 'button', 'aria-pressed': String(state.project === name), dataset: { member: name }, onclick: () => change('project', name),
      }, name === '' ? 'All members' : name, h('span', { class: ['count', count > 0 && 'some'] }, String(count)));
    }));
    if (focused !== null) [...counts.children].find((one) => one.dataset.member === focused)?.focus();
  }

  take(params);
  read();
  readManagers();
  every(REFRESH, read);
  return {
    navigated(changed) {
      take(changed);
      draw();
    },
    unmount: onSession(draw),
  };
}
