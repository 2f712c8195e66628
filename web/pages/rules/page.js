// Rules: what every member records and watches, by group.

import { answer, apiPath } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { counted } from '../../lib/numbers.js';
import { note } from '../../lib/router.js';
import { session } from '../../lib/session.js';
import { formatDuration, formatElapsed } from '../../lib/time.js';
import { empty, errorBanner, loading } from '../../lib/ui.js';
import { agoOf, hasWords, searchField, selectField, warnings } from '../common/parts.js';
import { ruleBadge, ruleTable } from './lines.js';

const REFRESH = 15;
const GROUPS = 100;

export function mount({ element, actions, params, signal, every }) {
  const state = { search: '', type: '', state: '', project: '' };
  let groups = null;
  let next = null;
  let pages = 1;
  const shown = new Map();
  const summary = h('p', { class: 'summary' });
  const notes = h('div');
  const place = h('div', null, loading());
  const more = h('div');
  const search = searchField('Filter', '', (text) => change('search', text));
  const type = selectField('Type', '', [['', 'all'], ['alerting', 'alerts'], ['recording', 'recordings']], (value) => change('type', value));
  const health = selectField('State', '', [['', 'all'], ['fails', 'fails'], ['firing', 'firing'], ['pending', 'pending'], ['inactive', 'inactive']], (value) => change('state', value));
  replace(actions, h('button', { type: 'button', onclick: () => read(), title: `They are read again every ${REFRESH} seconds` }, 'Refresh'));
  replace(element, h('div', { class: 'toolbar' }, search, type, health, summary), notes, place, more);

  function change(name, value) {
    state[name] = value;
    note(Object.fromEntries(Object.entries(state).filter(([, one]) => one !== '')));
    draw();
  }

  function take(from) {
    for (const name of Object.keys(state)) state[name] = from.get(name) ?? '';
    search.querySelector('input').value = state.search;
    type.querySelector('select').value = state.type;
    health.querySelector('select').value = state.state;
  }

  async function read() {
    try {
      const found = [];
      let token;
      let texts = [];
      for (let page = 0; page < pages; page += 1) {
        const one = await answer(`${apiPath()}/rules`, { params: { group_limit: GROUPS, group_next_token: token }, signal });
        found.push(...(one.data.groups ?? []));
        texts = one.warnings ?? texts;
        token = one.data.groupNextToken;
        if (!token) break;
      }
      groups = found;
      next = token ?? null;
      replace(notes, warnings(texts));
    } catch (error) {
      if (signal.aborted) return;
      replace(notes, errorBanner(error));
      groups ??= [];
    }
    draw();
  }

  function fits(rule, group) {
    if (state.type !== '' && rule.type !== state.type) return false;
    if (state.state === 'fails' ? rule.health !== 'err' : state.state !== '' && rule.state !== state.state) return false;
    if (state.project !== '' && rule.labels?.[session.partitionLabel] !== state.project) return false;
    return hasWords(`${rule.name} ${rule.query} ${group.name} ${group.file} ${rule.lastError ?? ''}`, state.search);
  }

  function draw() {
    if (groups === null || signal.aborted) return;
    const wanted = [];
    let rules = 0;
    let failing = 0;
    for (const group of groups) {
      const list = group.rules.filter((rule) => fits(rule, group));
      if (list.length === 0) continue;
      rules += list.length;
      failing += list.filter((rule) => rule.health === 'err').length;
      const id = `${group.file} ${group.name}`;
      if (!shown.has(id)) shown.set(id, groupBlock(group));
      shown.get(id).show(group, list);
      wanted.push(shown.get(id).element);
    }
    replace(summary, `${counted(rules, 'rule')} in ${counted(wanted.length, 'group')}${failing > 0 ? `, ${failing} failing` : ''}`);
    replace(more, next && h('button', { type: 'button', onclick: () => { pages += 1; read(); } }, 'More groups'));
    if (wanted.length === 0) return replace(place, empty(groups.length > 0 ? 'No rule fits the filters.' : 'No member has rules.'));
    if (wanted.length !== place.children.length || wanted.some((one, index) => place.children[index] !== one)) replace(place, wanted);
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

function groupBlock(group) {
  const about = h('span', { class: 'dim' });
  const states = h('span');
  const table = ruleTable(group.name);
  const [member, ...file] = group.file.split('/');
  const element = h('details', { class: 'group', open: true },
    h('summary', null, h('h2', null, `${member} / ${group.name}`), ' ', states, ' ', about),
    h('p', { class: 'dim mono group-file' }, file.join('/').replace(/^\/\//, '/')),
    table.element);
  return {
    element,
    show(now, rules) {
      const worst = ['err', 'firing', 'pending'].map((kind) => rules.find((rule) => (kind === 'err' ? rule.health === 'err' : rule.state === kind))).find(Boolean);
      replace(states, worst && ruleBadge(worst));
      replace(about, `every ${formatDuration(now.interval)}, took ${formatElapsed(now.evaluationTime)}, `, agoOf(now.lastEvaluation, 'not evaluated yet'));
      table.show(rules);
    },
  };
}
