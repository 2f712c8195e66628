// Cardinality: what a project has most of, and how its members differ in it.

import { answer, apiPath, v1 } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { formatBytes, formatCount } from '../../lib/numbers.js';
import { note } from '../../lib/router.js';
import { metricMemberNames, session, sessionLoaded } from '../../lib/session.js';
import { formatTime } from '../../lib/time.js';
import { dialog, empty, errorBanner, loading, tabs } from '../../lib/ui.js';
import { bar, queryLink, searchField, selectField, warnings } from '../common/parts.js';
import { DataTable } from '../common/table.js';
import { selectorOf } from '../metrics/families.js';
import { lists, sideBySide } from './compare.js';

const LIMITS = ['10', '20', '50', '100', '1000'];
const DRILLED = 20;

export function mount({ element, actions, params, signal }) {
  const state = { list: 'seriesCountByMetricName', limit: '20', search: '', ...Object.fromEntries(params) };
  let whole = null;
  let members = new Map();
  const notes = h('div');
  const heads = h('div');
  const place = h('div', { id: 'cardinality-panel', role: 'tabpanel', 'aria-label': 'Entries' }, loading());
  const tabList = tabs({
    label: 'What is counted', panel: 'cardinality-panel', selected: state.list,
    items: lists.map((one) => ({ id: one.id, title: one.title })),
    onselect: (id) => {
      state.list = id;
      keep();
      draw();
    },
  });
  replace(actions, selectField('Entries', state.limit, LIMITS.map((one) => [one, one]), (value) => {
    state.limit = value;
    keep();
    read();
  }));
  replace(element, notes, heads, tabList, h('div', { class: 'toolbar' }, searchField('Filter', state.search, (text) => {
    state.search = text;
    keep();
    draw();
  })), place);

  function keep() {
    const { list, limit, search } = state;
    note({ list, limit, ...(search ? { search } : {}) });
  }

  async function read() {
    replace(place, loading());
    await sessionLoaded();
    const names = metricMemberNames();
    const ask = { params: { limit: state.limit }, signal };
    try {
      const [merged, ...parts] = await Promise.all([
        answer(`${apiPath()}/status/tsdb`, ask),
        ...names.map((name) => v1('status/tsdb', { ...ask, project: name }).catch(() => null)),
      ]);
      whole = merged.data;
      members = new Map(names.map((name, index) => [name, parts[index]]).filter(([, part]) => part));
      replace(notes, warnings(merged.warnings));
    } catch (error) {
      if (signal.aborted) return;
      whole = null;
      replace(notes, errorBanner(error));
    }
    if (!signal.aborted) draw();
  }

  function draw() {
    if (!whole) return replace(place, empty('No counts could be had.'));
    drawHeads();
    const list = lists.find((one) => one.id === state.list) ?? lists[0];
    const format = list.what === 'bytes' ? formatBytes : formatCount;
    const limit = Number(state.limit);
    const rows = sideBySide(whole[list.id], new Map([...members].map(([name, part]) => [name, part[list.id] ?? []])), limit)
      .filter((one) => one.name.toLowerCase().includes(state.search.toLowerCase()));
    const most = Math.max(1, ...rows.map((one) => one.merged ?? 0));
    const names = [...members.keys()];
    const isUnion = names.length > 1;
    const table = new DataTable({
      caption: `${list.title} by ${list.what}`, key: (row) => row.name, most: 100,
      columns: [
        { id: 'name', label: list.first, cell: (row) => nameOf(row, list), sort: (row) => row.name },
        { id: 'merged', label: isUnion ? 'All members' : list.what, numeric: true, sort: (row) => row.merged, cell: (row) => [format(row.merged), ' ', bar((row.merged ?? 0) / most)] },
        ...(isUnion ? names.map((name) => ({
          id: `member ${name}`, label: name, numeric: true, sort: (row) => row.members.get(name).value,
          cell: (row) => {
            const cell = row.members.get(name);
            return cell.isBound ? h('span', { class: 'dim', title: 'Not among its largest entries' }, `≤ ${format(cell.value)}`) : format(cell.value);
          },
        })) : []),
        ...(isUnion ? [{ id: 'spread', label: 'Difference', numeric: true, wide: true, sort: (row) => row.spread?.value, cell: (row) => (row.spread === null ? '–' : `${row.spread.isBound ? '≥ ' : ''}${format(row.spread.value)}`), title: 'Between the member with the most and that with the least' }] : []),
      ],
    });
    table.show(rows);
    replace(place, table.element);
  }

  function nameOf(row, list) {
    if (list.id === 'seriesCountByMetricName') return queryLink(`count by (${session.partitionLabel}) (${selectorOf(row.name)})`, row.name);
    if (list.id === 'seriesCountByLabelValuePair') {
      const at = row.name.indexOf('=');
      const matcher = `{${row.name.slice(0, at)}=${JSON.stringify(row.name.slice(at + 1))}}`;
      return queryLink(`count by (__name__) (${matcher})`, row.name);
    }
    return h('button', { type: 'button', class: 'link', onclick: () => drill(row.name) }, row.name);
  }

  // The series of each value of a label: a question to every series that has it, so only when asked.
  async function drill(label) {
    const content = h('div', null, loading('Counting the series of each value…'));
    dialog(`Values of ${label}`, content, { wide: true });
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : JSON.stringify(label);
    const partition = session.partitionLabel;
    const ask = async (query) => (await v1('query', { params: { query }, signal })).result;
    try {
      const largest = await ask(`topk(${DRILLED}, count by (${name}) ({${name}!=""}))`);
      const rows = largest.map((one) => ({ value: one.metric[label] ?? '', count: Number(one.value[1]), members: new Map() })).sort((a, b) => b.count - a.count);
      const of = new Map(rows.map((row) => [row.value, row]));
      const split = rows.length > 0 && label !== partition && members.size > 1;
      const parts = split ? await ask(`count by (${partition}, ${name}) ({${name}=~${JSON.stringify(anyOf(rows.map((row) => row.value)))}})`) : [];
      for (const one of parts) of.get(one.metric[label])?.members.set(one.metric[partition], Number(one.value[1]));
      const table = new DataTable({
        caption: `Values of ${label}`, key: (row) => row.value, columns: [
          { id: 'value', label: 'Value', cell: (row) => queryLink(`count by (__name__) ({${name}=${JSON.stringify(row.value)}})`, row.value), sort: (row) => row.value },
          { id: 'count', label: split ? 'All members' : 'Series', numeric: true, sort: (row) => row.count, cell: (row) => [formatCount(row.count), ' ', bar(row.count / Math.max(1, rows[0].count))] },
          ...(split ? [...members.keys()].map((member) => ({
            id: `member ${member}`, label: member, numeric: true, sort: (row) => row.members.get(member) ?? 0, cell: (row) => formatCount(row.members.get(member) ?? 0),
          })) : []),
        ],
      });
      table.show(rows);
      replace(content, h('p', { class: 'dim' }, `The ${DRILLED} values with the most series now. They are counted by a query, as members do not tell them. A value leads to its metrics.`), table.element);
    } catch (error) {
      replace(content, errorBanner(error));
    }
  }

  function drawHeads() {
    const rows = [...(members.size > 1 ? [['All members', whole.headStats]] : []), ...[...members].map(([name, part]) => [name, part.headStats])];
    const table = new DataTable({
      caption: 'Heads of the members', key: (row) => row[0], columns: [
        { id: 'name', label: 'Member', cell: (row) => row[0] },
        { id: 'series', label: 'Series', numeric: true, cell: (row) => formatCount(row[1]?.numSeries) },
        { id: 'pairs', label: 'Label pairs', numeric: true, cell: (row) => formatCount(row[1]?.numLabelPairs) },
        { id: 'chunks', label: 'Chunks', numeric: true, cell: (row) => formatCount(row[1]?.chunkCount) },
        { id: 'from', label: 'Oldest in memory', wide: true, cell: (row) => when(row[1]?.minTime) },
        { id: 'to', label: 'Newest', wide: true, cell: (row) => when(row[1]?.maxTime) },
      ],
    });
    table.show(rows);
    replace(heads, table.element);
  }

  read();
  return {
    navigated(changed) {
      Object.assign(state, { search: '' }, Object.fromEntries(changed));
      tabList.select(state.list);
      read();
    },
  };
}

/** A regular expression of these texts alone. */
const anyOf = (values) => values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');

const when = (milliseconds) => (milliseconds > 0 && milliseconds < 9e15 ? formatTime(Math.round(milliseconds / 1000)) : '–');
