// What of the query page is pure: its URL, rows, lines, plans. Run by `node --test web`.

import assert from 'node:assert/strict';
import test from 'node:test';

globalThis.window = { localStorage: { getItem: () => null, setItem() {} }, addEventListener() {}, matchMedia: () => ({ matches: false, addEventListener() {} }) };
const { newPanel, nextRange, panelsOf, paramsOf, stepOf } = await import('./state.js');
const { barsOf, csvRows, grouped, sorted, tableOf } = await import('./table-data.js');
const { linesOf, looksOf, sentenceOf, stacked } = await import('./graph-data.js');
const { compared, greatestOf, planText } = await import('./explain-data.js');

test('a URL and its panels say the same', () => {
  const panel = { ...newPanel('sum(up)'), tab: 'graph', kind: 'query_range', range: 900, end: 1_795_884_259, step: 15, members: ['eu', 'us'], style: 'stacked', log: true, exact: true, partial: 'false' };
  assert.deepEqual(panelsOf(paramsOf([panel, newPanel('b')])), [panel, newPanel('b')]);
  const plan = { ...newPanel('x'), tab: 'explain', kind: 'query_range' };
  assert.deepEqual(panelsOf(paramsOf([plan])), [plan]);
});

test('links of Prometheus and of Alertmanager open here', () => {
  const [panel] = panelsOf(new URLSearchParams('g0.expr=up&g0.tab=0&g0.stacked=1&g0.range_input=2h&g0.end_input=2026-11-28 16:00'));
  assert.deepEqual([panel.expr, panel.tab, panel.style, panel.range, panel.end], ['up', 'graph', 'stacked', 7200, Date.UTC(2026, 10, 28, 16) / 1000]);
  assert.equal(panelsOf(new URLSearchParams('g0.expr=up&g0.tab=1'))[0].tab, 'table');
  assert.equal(panelsOf(new URLSearchParams('g3.expr=a&g1.expr=b')).map((one) => one.expr).join(), 'b,a');
  assert.deepEqual(panelsOf(new URLSearchParams('g0.expr=x&g0.tab=<b>&g0.range_input=-1&g0.display_mode=y')), [newPanel('x')]);
});

test('the step fits the window, and ranges have neighbours', () => {
  assert.equal(stepOf({ range: 3600, step: null }), 15);
  assert.equal(stepOf({ range: 60, step: null }), 0.24);
  assert.equal(nextRange(3600, 1), 7200);
  assert.equal(nextRange(3601, -1), 3600);
  assert.equal(nextRange(60, -1), 60);
});

const vector = [
  { metric: { __name__: 'up', a: '10', project: 'us' }, value: [1, '2'] },
  { metric: { __name__: 'up', a: '9', project: 'eu' }, value: [1, 'NaN'] },
  { metric: { b: 'x' }, value: [1, '-1'] },
];

test('a vector is rows whose columns are all labels', () => {
  const { labels, rows } = tableOf('vector', vector);
  assert.deepEqual(labels, ['project', '__name__', 'a', 'b']);
  assert.deepEqual(sorted(rows, { key: 'value', down: true }).map((row) => row.text), ['2', '-1', 'NaN']);
  assert.deepEqual(sorted(rows, { key: 'value', down: false }).map((row) => row.text), ['-1', '2', 'NaN']);
  assert.deepEqual(sorted(rows, { key: 'a', down: false }).map((row) => row.metric.a), [undefined, '9', '10']);
  assert.deepEqual(grouped(rows, 'project').map(([value, all]) => [value, all.length]), [['us', 1], ['eu', 1], ['', 1]]);
  assert.deepEqual(csvRows({ labels, rows })[1], ['us', 'up', '10', '', 1, '2']);
  assert.equal(tableOf('scalar', [1, '+Inf']).rows[0].value, Infinity);
});

test('the bars of a histogram keep its count when they are joined', () => {
  const buckets = Array.from({ length: 101 }, (_, index) => [0, String(index), String(index + 1), '2']);
  const bars = barsOf({ buckets });
  assert.ok(bars.length <= 40);
  assert.equal(bars.reduce((sum, bar) => sum + bar.count, 0), 202);
  assert.deepEqual(barsOf({}), []);
});

const matrix = [
  { metric: { project: 'eu' }, values: [[0, '1'], [20, '3']] },
  { metric: { project: 'us' }, values: [[0, '5'], [10, '+Inf'], [20, '7']] },
];

test('lines are aligned, with gaps where nothing is', () => {
  const { times, lines } = linesOf(matrix, { start: 0, end: 20, step: 10 });
  assert.deepEqual(times, [0, 10, 20]);
  assert.deepEqual(lines.map((line) => line.values), [[1, null, 3], [5, null, 7]]);
  assert.deepEqual(stacked(lines), [[1, null, 3], [6, null, 10]]);
  assert.equal(sentenceOf(lines, { short: String, clock: String }), '2 series, max 7 at 20, us; min 1 at 0, eu');
});

test('members have hues, and their series shades of them', () => {
  const line = (member) => ({ member });
  const looks = looksOf([line('eu'), line('us'), line('eu')], 'light');
  assert.equal(looks[0].stroke, '#0072b2');
  assert.notEqual(looks[0].stroke, looks[2].stroke);
  assert.deepEqual(looks[0].dash, looks[2].dash);
  assert.notDeepEqual(looks[0].dash, looks[1].dash);
});

const plan = (milliseconds) => ({
  query: 'sum(up)', missingMember: 'computed without it', membersAsked: ['eu', 'us'], notPushedDown: [],
  plan: { place: 'gateway', text: 'sum', milliseconds: 1, series: 1, samples: 1, children: [{ place: 'member', member: 'eu', text: 'sum(up)', milliseconds, bytes: 10, series: 1, samples: 1 }, { place: 'member', member: 'us', text: 'sum(up)', failure: 'refused' }] },
});

test('plans are compared by what members did', () => {
  assert.equal(greatestOf(plan(5).plan).milliseconds, 5);
  const lines = compared(plan(5), plan(10));
  assert.deepEqual(lines.map((line) => [line.before, line.after]), [[2, 2], [5, 10], [1, 1], [10, 10], [1, 1], [1, 1]]);
  assert.match(planText(plan(5)), /→ us: sum\(up\)  \[member, refused\]/);
});
