// Rules and alerts as lines of tables.

import { h } from '../../lib/h.js';
import { session } from '../../lib/session.js';
import { formatDuration, formatElapsed, fromRFC3339 } from '../../lib/time.js';
import { badge } from '../../lib/ui.js';
import { agoOf, facts, labelChips, queryLink } from '../common/parts.js';
import { DataTable } from '../common/table.js';

/** Alerts need people; a recording rule needs them when it fails. */
export function ruleBadge(rule) {
  if (rule.health === 'err') return badge('error', 'fails');
  if (rule.type === 'recording') return rule.health === 'ok' ? badge('ok', 'recording') : badge('neutral', 'not evaluated yet');
  if (rule.state === 'firing') return badge('error', `firing ${rule.alerts?.length ?? ''}`.trim());
  if (rule.state === 'pending') return badge('warning', `pending ${rule.alerts?.length ?? ''}`.trim());
  return rule.health === 'ok' ? badge('ok', 'inactive') : badge('neutral', 'not evaluated yet');
}

const RANK = { firing: 0, pending: 1, inactive: 3 };
const rank = (rule) => (rule.health === 'err' ? -1 : RANK[rule.state] ?? 2);

/** A table of the rules of a group. */
export function ruleTable(name) {
  return new DataTable({
    caption: `Rules of ${name}`, most: 100, details: ruleDetails,
    key: (rule) => `${rule.name} ${rule.query} ${JSON.stringify(rule.labels)}`, name: (rule) => rule.name,
    columns: [
      { id: 'name', width: '22%', label: 'Rule', sort: (rule) => rule.name, cell: (rule) => h('span', { class: 'mono' }, rule.name) },
      { id: 'state', width: '14%', label: 'State', sort: rank, cell: ruleBadge },
      { id: 'query', width: '26%', label: 'Query', wide: true, cell: (rule) => h('span', { class: 'cut mono', title: rule.query }, queryLink(rule.query)) },
      { id: 'took', width: '8%', label: 'Took', numeric: true, wide: true, sort: (rule) => rule.evaluationTime, cell: (rule) => formatElapsed(rule.evaluationTime) },
      { id: 'last', width: '10%', label: 'Evaluated', sort: (rule) => fromRFC3339(rule.lastEvaluation), cell: (rule) => agoOf(rule.lastEvaluation) },
      { id: 'error', width: '20%', label: 'Last error', wide: true, cell: (rule) => (rule.lastError ? h('span', { class: 'cut error-text', title: rule.lastError }, rule.lastError) : h('span', { class: 'dim' }, 'none')) },
    ],
  });
}

function ruleDetails(rule) {
  return h('div', null,
    facts([
      ['Query', h('code', { class: 'query-text' }, queryLink(rule.query))],
      ['Last error', rule.lastError && h('span', { class: 'error-text' }, rule.lastError)],
      ['For', rule.duration > 0 && formatDuration(rule.duration)],
      ['Keeps firing for', rule.keepFiringFor > 0 && formatDuration(rule.keepFiringFor)],
      ['Labels', labelChips(rule.labels)],
      ...Object.entries(rule.annotations ?? {}),
      ['Took', formatElapsed(rule.evaluationTime)],
    ]),
    rule.alerts?.length > 0 && alertList(rule.alerts.slice(0, 50)),
    rule.alerts?.length > 50 && h('p', { class: 'dim' }, `The first 50 of ${rule.alerts.length} alerts.`));
}

function alertList(alerts) {
  const table = alertTable('Its alerts');
  table.show(alerts);
  return table.element;
}

/** The state of an alert, in a word. */
function alertBadge(alert) {
  return alert.state === 'firing' ? badge('error', 'firing') : badge('warning', alert.state);
}

/** A table of alerts. */
export function alertTable(caption) {
  const partition = session.partitionLabel;
  return new DataTable({
    caption, key: (alert) => JSON.stringify(alert.labels), name: (alert) => alert.labels.alertname ?? 'the alert',
    sort: { id: 'since', down: true }, details: alertDetails,
    columns: [
      { id: 'name', label: 'Alert', sort: (alert) => alert.labels.alertname, cell: (alert) => h('strong', null, alert.labels.alertname) },
      { id: 'state', label: 'State', sort: (alert) => alert.state, cell: alertBadge },
      { id: 'project', label: 'Member', sort: (alert) => alert.labels[partition], cell: (alert) => alert.labels[partition] ?? '–' },
      { id: 'labels', label: 'Labels', wide: true, cell: (alert) => labelChips(alert.labels, { without: ['alertname', partition] }) },
      { id: 'since', label: 'Since', sort: (alert) => fromRFC3339(alert.activeAt), cell: (alert) => agoOf(alert.activeAt) },
      { id: 'value', label: 'Value', numeric: true, wide: true, sort: (alert) => Number(alert.value), cell: (alert) => String(Number(alert.value)) },
    ],
  });
}

function alertDetails(alert) {
  const { alertname, ...others } = alert.labels;
  const matchers = Object.entries({ alertname, ...others }).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ');
  return h('div', null,
    facts([
      ['Labels', labelChips(alert.labels)],
      ...Object.entries(alert.annotations ?? {}),
      ['Value', String(Number(alert.value))],
      ['Since', agoOf(alert.activeAt)],
    ]),
    h('p', { class: 'member-actions' }, queryLink(`ALERTS{${matchers}}`, 'When did it fire?', { tab: 'graph' })));
}
