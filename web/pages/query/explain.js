// The tab Explain: the plan as a tree, with what each part cost and where it was computed, and why a part
// was not left to the members.

import { h, replace } from '../../lib/h.js';
import { counted, formatBytes, formatCount } from '../../lib/numbers.js';
import { urlOf } from '../../lib/router.js';
import { project, session } from '../../lib/session.js';
import { formatDuration, formatElapsed, formatTime } from '../../lib/time.js';
import { banner, copy, copyButton, download, menu } from '../../lib/ui.js';
import { fetchesOf } from './execution.js';
import { compared, greatestOf, planText } from './explain-data.js';
import { pushdownHint } from './promql/hints.js';
import { colored } from './promql-text.js';

const PLACES = {
  member: ['member', 'Computed by the member'],
  merge: ['merge', 'Answers of members are put together'],
  gateway: ['gateway', 'Computed by the gateway'],
};

// What a missing member does, in the words of the plan, as sentences.
const MISSING = {
  none: 'the answer is the same', 'is missing': 'its series are missing', 'computed without it': 'the answer is computed from the others', 'could be wrong': 'the answer could be wrong',
};

// The plan that others are compared with; it outlives the tab and the panel.
let kept = null;

/**
 * @param {Object} plan The answer of `explain`, or the `trace` of a run.
 * @param {{onuse(text: string): void}} options `onuse` takes a rewritten expression.
 * @returns {{element: HTMLElement, controls: Node[], summary: string}}
 */
export function explanation(plan, { onuse }) {
  const greatest = greatestOf(plan.plan);
  // The times that most parts have are said once.
  const usual = gridText(fetchesOf(plan.plan)[0] ?? {});
  const isRun = greatest.milliseconds > 0;
  const tree = h('ul', { class: 'plan', 'aria-label': 'Plan' }, node(plan.plan, greatest, usual));
  const comparison = h('div', {});
  const element = h('div', { class: 'explain' },
    plan.failure && banner('error', plan.failure),
    h('div', { class: 'explain-head' },
      h('p', {}, 'Asked: ', plan.membersAsked.length > 0 ? h('b', {}, plan.membersAsked.join(', ')) : 'no member', usual && `, ${usual}`, '. ',
        'Without a member: ', h('b', {}, MISSING[plan.missingMember] ?? plan.missingMember), plan.couldBeWrongBy && [' (because of ', h('code', {}, plan.couldBeWrongBy), ')'], '.'),
      !isRun && h('p', { class: 'hint' }, 'The plan was not run: there are no times.')),
    comparison,
    tree,
    requests(plan),
    reasons('Not pushed down', plan.notPushedDown ?? [], plan, onuse),
    reasons(`Pushed down without ${session.partitionLabel}`, plan.pushedDownByKey ?? [], plan, onuse));
  const all = (open) => tree.querySelectorAll('details').forEach((one) => { one.open = open; });
  const drawComparison = () => replace(comparison, kept && kept !== plan && comparisonOf(kept, plan, () => { kept = null; drawComparison(); }));
  drawComparison();
  const controls = [
    h('button', { type: 'button', class: 'quiet', onclick: () => all(true) }, 'Expand'),
    h('button', { type: 'button', class: 'quiet', onclick: () => all(false) }, 'Collapse'),
    h('button', { type: 'button', class: 'quiet', title: 'Keep this plan, and compare the next ones with it', onclick: (event) => { kept = plan; event.currentTarget.textContent = 'Kept ✓'; drawComparison(); } }, 'Compare with this'),
    menu('Export ▾', () => [
      { title: 'Copy as text', action: () => copy(planText(plan), 'the plan') },
      { title: 'JSON', action: () => download('plan.json', JSON.stringify(plan, null, 2), 'application/json') },
    ], { className: 'quiet', label: 'Export' }),
  ];
  return { element, controls, summary: counted(plan.membersAsked.length, 'member') + ' asked' };
}

function node(one, greatest, usual) {
  const [word, title] = PLACES[one.place] ?? [one.place, ''];
  const line = h('div', { class: 'plan-line' },
    h('span', { class: ['place', one.place], title }, one.member ?? word),
    h('code', { class: 'plan-text' }, one.place === 'merge' ? one.text : colored(one.text)),
    one.failure && h('span', { class: 'plan-failure' }, `✗ ${one.failure}`),
    h('span', { class: 'measures' }, measures(one, greatest)),
    h('span', { class: 'plan-actions' }, one.place === 'member' && [
      copyButton(one.text, 'what the member is asked'),
      menu('Open ▾', () => openings(one), { className: 'quiet', label: `Open at ${one.member}` })]));
  const notes = [one.replicas, one.stepsAsked !== undefined && (one.stepsAsked === 0 ? 'not asked: its time range is elsewhere' : `asked for ${counted(one.stepsAsked, 'step')}, by its time range`), gridText(one) !== usual && gridText(one)].filter(Boolean);
  const more = notes.length > 0 && h('div', { class: 'plan-notes small' }, notes.join(' · '));
  if (!one.children?.length) return h('li', {}, line, more);
  return h('li', {}, h('details', { open: true }, h('summary', {}, line), more, h('ul', {}, one.children.map((child) => node(child, greatest, usual)))));
}

function gridText(one) {
  if (one.startMs === undefined) return null;
  if (one.startMs === one.endMs) return `at ${formatTime(one.startMs / 1000)}`;
  return `${formatTime(one.startMs / 1000)} – ${formatTime(one.endMs / 1000)}, step ${formatDuration(one.stepMs / 1000)}`;
}

function measures(one, greatest) {
  const measure = (name, text, title) => one[name] !== undefined && h('span', { class: ['measure', name], title },
    h('i', { 'aria-hidden': 'true', css: { width: `${greatest[name] > 0 ? Math.max(2, one[name] / greatest[name] * 100).toFixed(1) : 0}%` } }), h('span', {}, text));
  return [
    measure('milliseconds', formatElapsed(one.milliseconds / 1000), 'Time'),
    measure('bytes', formatBytes(one.bytes), 'Bytes of series, as JSON'),
    measure('series', one.series === 1 ? '1 series' : `${formatCount(one.series)} series`, `${formatCount(one.samples)} samples`),
  ];
}

/** Where a fragment can be opened: at the gateway's own page of the member, and at the member's. */
function openings(one) {
  const isRange = one.startMs !== one.endMs;
  const params = { 'g0.expr': one.text, 'g0.tab': isRange ? 'graph' : 'table' };
  if (isRange) {
    params['g0.range_input'] = formatDuration((one.endMs - one.startMs) / 1000);
    params['g0.end_input'] = new Date(one.endMs).toISOString().slice(0, 19).replace('T', ' ');
  }
  const items = [{ title: `Query of ${one.member}, here`, action: () => window.open(urlOf('query', { project: one.member, params }), '_blank', 'noopener') }];
  const external = project(one.member)?.externalUrl;
  // Nothing but a page of the web is opened, whatever the configuration says.
  if (external && /^https?:\/\//.test(external)) {
    items.push({
      title: `The member's own page`, hint: external,
      action: () => window.open(`${external.replace(/\/+$/, '')}/query?${new URLSearchParams(params)}`, '_blank', 'noopener,noreferrer'),
    });
  }
  return items;
}

/** What was really sent, request by request; of an execution that told it. */
function requests(plan) {
  if (!plan.requests) return null;
  const phases = [['waiting for a place', plan.queueMilliseconds], ['planning', plan.planMilliseconds], ['merging and evaluating', plan.mergeMilliseconds]]
    .filter(([, time]) => time !== undefined).map(([words, time]) => `${words} ${formatElapsed(time / 1000)}`);
  const cells = (one) => [
    h('th', { scope: 'row' }, one.member), h('td', { class: 'number' }, formatElapsed(one.milliseconds / 1000)), h('td', { class: 'number' }, formatBytes(one.bytes)),
    h('td', { class: 'number' }, formatCount(Math.max(0, one.attempts - 1))), h('td', {}, one.protocol ?? '–'), h('td', {}, one.failure ? h('span', { class: 'plan-failure' }, `✗ ${one.failure}`) : '✓ answered'),
  ];
  return h('details', { class: 'requests' },
    h('summary', {}, counted(plan.requests.length + (plan.requestsLeftOut ?? 0), 'request'), ' to members', phases.length > 0 && h('span', { class: 'dim' }, `; ${phases.join(', ')}`)),
    plan.requests.length > 0 && h('div', { class: 'table-scroll', role: 'group', tabindex: '0', 'aria-label': 'Requests to members' }, h('table', {},
      h('thead', {}, h('tr', {}, [['Member'], ['Time', true], ['Bytes', true], ['Sent again', true], ['Protocol'], ['Outcome']].map(([text, isNumber]) => h('th', { scope: 'col', class: isNumber && 'number' }, text)))),
      h('tbody', {}, plan.requests.map((one) => h('tr', {}, cells(one)))))),
    plan.requestsLeftOut > 0 && h('p', { class: 'dim' }, `${counted(plan.requestsLeftOut, 'further request')} are not listed.`),
    plan.requests.length === 0 && h('p', { class: 'dim' }, 'No member was asked: what was needed was in the cache.'));
}

function reasons(title, notes, plan, onuse) {
  if (notes.length === 0) return null;
  return h('section', { class: 'reasons' }, h('h3', {}, title), h('ul', {}, notes.map((note) => {
    const hint = pushdownHint(note.reason, note.part, session.partitionLabel);
    return h('li', {}, h('code', {}, colored(note.part)), h('span', {}, note.reason), hint && h('div', { class: 'rewrite' },
      `${hint.title}: `, h('code', {}, colored(hint.text)), ' ',
      plan.query.includes(note.part) && h('button', { type: 'button', onclick: () => onuse(plan.query.replace(note.part, () => hint.text)) }, 'Write it so')));
  })));
}

function comparisonOf(before, after, forget) {
  const show = (value, unit) => (value === null ? '–' : unit === 'bytes' ? formatBytes(value) : unit === 'milliseconds' ? formatElapsed(value / 1000) : formatCount(value));
  const change = ({ before: one, after: two }) => {
    if (one === null || two === null || one === 0) return '–';
    const share = two / one;
    return share === 1 ? '=' : share < 1 ? `↓ ${((1 - share) * 100).toFixed(0)} % less` : `↑ ${((share - 1) * 100).toFixed(0)} % more`;
  };
  return h('section', { class: 'card comparison' }, h('h3', {}, 'Compared with the kept plan'),
    h('p', {}, h('code', {}, colored(before.query))),
    h('table', {}, h('thead', {}, h('tr', {}, ['', 'Kept', 'This', 'Change'].map((text, index) => (text === '' ? h('td', {}) : h('th', { scope: 'col', class: index > 0 && 'number' }, text))))),
      h('tbody', {}, compared(before, after).map((line) => h('tr', {}, h('th', { scope: 'row' }, line.title),
        h('td', { class: 'number' }, show(line.before, line.unit)), h('td', { class: 'number' }, show(line.after, line.unit)), h('td', { class: 'number' }, change(line)))))),
    h('button', { type: 'button', class: 'quiet', onclick: forget }, 'Forget the kept plan'));
}
