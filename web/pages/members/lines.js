// One line for each project that is a source of series, and what is under the line when it is open.

import { h } from '../../lib/h.js';
import { formatBytes, formatCount, formatPercent, formatShort } from '../../lib/numbers.js';
import { fromRFC3339, formatElapsed, formatTime } from '../../lib/time.js';
import { urlOf } from '../../lib/router.js';
import { stateOf } from '../../lib/session.js';
import { agoOf, ago, facts, kindName, labelChips, queryLink, sourceBadges, sparkline, stateBadge } from '../common/parts.js';
import { hasMetrics, sourcesOf } from '../common/sources.js';

const ORDER = { failing: 0, paused: 1, neverAsked: 2, up: 3 };

/** @typedef {{project: Object, state: string, measures: Object|null, head: Object|null}} Line */

const seconds = (value) => (value === null || value === undefined ? '–' : formatElapsed(value));
const perSecond = (value, format = formatShort) => (value === null || value === undefined ? '–' : `${format(value)}/s`);

/** The columns of the table of members. */
export const columns = [
  { id: 'name', label: 'Member', cell: (line) => h('span', { class: 'member-name' }, line.project.name), sort: (line) => line.project.name },
  { id: 'state', label: 'State', cell: (line) => stateBadge(line.project), sort: (line) => ORDER[line.state] ?? 2 },
  {
    id: 'kind', label: 'Server', wide: true, sort: (line) => `${line.project.kind} ${line.project.status.version ?? ''}`,
    cell: (line) => [kindName(line.project.kind), line.project.status.version && h('span', { class: 'dim' }, ` ${line.project.status.version}`)],
  },
  {
    id: 'sources', label: 'Sources', wide: true, title: 'What it is read for, and whether that answers',
    sort: (line) => sourcesOf(line.project).filter((one) => stateOf(one) !== 'up').length, cell: (line) => sourceBadges(line.project),
  },
  {
    id: 'latency', label: 'Latency', numeric: true, title: 'From a request to the head of its answer',
    sort: (line) => line.measures?.latency ?? line.project.status.latencySeconds,
    cell: (line) => [sparkline(line.measures?.latencies ?? []), ' ', seconds(line.measures?.latency ?? line.project.status.latencySeconds)],
  },
  {
    id: 'requests', label: 'Requests', numeric: true, wide: true, title: 'Requests a second over the last minute, probes left out',
    sort: (line) => line.measures?.requestsPerSecond, cell: (line) => perSecond(line.measures?.requestsPerSecond),
  },
  {
    id: 'failures', label: 'Failed', numeric: true, wide: true, title: 'Of the requests of the last minute',
    sort: (line) => line.measures?.failedShare, cell: (line) => formatPercent(line.measures?.failedShare),
  },
  {
    id: 'bytes', label: 'Received', numeric: true, wide: true, title: 'Bytes a second over the last minute',
    sort: (line) => line.measures?.bytesPerSecond, cell: (line) => perSecond(line.measures?.bytesPerSecond, (value) => formatBytes(Math.round(value))),
  },
  {
    id: 'lag', label: 'Lag', numeric: true, title: 'Since the newest scrape that the member knows of',
    sort: (line) => line.project.status.lagSeconds, cell: (line) => seconds(line.project.status.lagSeconds),
  },
  {
    id: 'series', label: 'Series', numeric: true, wide: true, title: 'In the head of the member, as it says',
    sort: (line) => line.head?.numSeries, cell: (line) => formatCount(line.head?.numSeries),
  },
  {
    id: 'error', label: 'Last error', wide: true,
    cell: (line) => {
      const error = line.project.status.lastError;
      if (!error) return h('span', { class: 'dim' }, 'none');
      return [h('span', { class: 'cut', title: error.error }, error.error), error.time && [' ', h('span', { class: 'dim' }, agoOf(error.time))]];
    },
  },
];

/** What a line has no room for, and what one can do with the member. */
export function details(line, { probe, isProbing }) {
  const { project, measures, head } = line;
  const status = project.status;
  const name = project.name;
  const capabilities = status.capabilities;
  const from = fromRFC3339(status.minTime) ?? milliseconds(head?.minTime);
  const to = fromRFC3339(status.maxTime) ?? milliseconds(head?.maxTime);
  return h('div', { class: 'member-details' },
    facts([
      ['State', [stateBadge(project), status.since && [', since ', agoOf(status.since)]]],
      ['Answered last', status.lastSuccess && agoOf(status.lastSuccess)],
      ['Paused until', status.pausedUntil && formatTime(Math.round(fromRFC3339(status.pausedUntil)))],
      ['Last error', status.lastError && [status.lastError.error, status.lastError.time && [', ', agoOf(status.lastError.time)]]],
      ['Server', [kindName(project.kind), status.version && ` ${status.version}`, capabilities?.kind && capabilities.kind !== kindName(project.kind) && ` (${capabilities.kind})`]],
      ['URL', hasMetrics(project) && sourcesOf(project)[0].url],
      ['Protocol', measures?.protocol],
      ['Samples', from !== null && to !== null && [formatTime(Math.round(from)), ' to ', ago(to)]],
      ['Series', head && `${formatCount(head.numSeries)} in ${formatCount(head.chunkCount)} chunks`],
      ['External labels', status.externalLabels && Object.keys(status.externalLabels).length > 0 && labelChips(status.externalLabels)],
      ['Lacks', lacks(project)],
      ['Requests', measures?.requests !== undefined && `${formatCount(measures.requests)} since the gateway started, ${formatCount(measures.failures)} failed, ${formatCount(measures.retries)} sent again`],
      ['Of late', status.windows?.length > 0 && status.windows.map((window) => `${formatCount(window.requests)} requests and ${formatCount(window.failures)} failures in ${formatElapsed(window.seconds)}`).join('; ')],
      ['Circuit', measures?.circuit && measures.circuit !== 'closed' && (measures.circuit === 'open' ? 'open: it is left alone for a while' : 'half open: one request finds out')],
    ]),
    sourceTable(project),
    h('div', { class: 'member-actions' },
      h('button', { type: 'button', onclick: () => probe(name), disabled: isProbing }, isProbing ? 'Asking…' : 'Ask it now'),
      hasMetrics(project) && queryLink('up', 'Query it', { project: name }),
      hasMetrics(project) && h('a', { href: urlOf('targets', { params: { project: name } }) }, 'Its targets'),
      h('a', { href: urlOf('projects', { params: { project: name } }) }, 'Its settings'),
      project.externalUrl && /^https?:/.test(project.externalUrl)
        && h('a', { href: project.externalUrl, target: '_blank', rel: 'noopener noreferrer' }, 'Open its own page ↗')));
}

/** One row a source, where there are others than metrics. */
function sourceTable(project) {
  if (!project.telemetry) return null;
  const label = `Sources of ${project.name}`;
  const heads = ['Source', 'Server', 'State', 'Since', 'Answered last', 'Latency', 'Last minute', 'Last error', 'URL'];
  return h('div', { class: 'table-scroll source-table', role: 'group', tabindex: '0', 'aria-label': label },
    h('table', { 'aria-label': label },
      h('thead', null, h('tr', null, heads.map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', null, sourcesOf(project).map(({ data, server, status, url }) => {
        const minute = status.windows?.find((one) => one.seconds === 60);
        const error = status.lastError;
        return h('tr', null, h('th', { scope: 'row' }, data),
          h('td', null, server ?? kindName(project.kind)), h('td', null, stateBadge({ status })),
          h('td', null, agoOf(status.since, '–')), h('td', null, agoOf(status.lastSuccess, '–')),
          h('td', { class: 'number' }, seconds(status.latencySeconds)),
          h('td', null, minute ? `${formatCount(minute.requests)} asked, ${formatCount(minute.failures)} failed` : '–'),
          h('td', { class: 'source-error' }, error ? [error.error, error.time && [', ', agoOf(error.time)]] : h('span', { class: 'dim' }, 'none')),
          h('td', null, url ?? '–'));
      }))));
}

/** What the gateway does in the place of a member that cannot, or goes without. */
function lacks(project) {
  const told = project.status.capabilities?.lacks ?? [];
  const configured = Object.entries(project.definition?.prometheus?.capabilities ?? {})
    .filter(([, value]) => value === 'emulated').map(([name]) => `${name} (emulated)`);
  const all = [...told, ...configured];
  if (all.length > 0) return all.join(', ');
  return project.status.capabilities ? 'nothing' : null;
}

const milliseconds = (value) => (Number.isFinite(value) && value > 0 ? value / 1000 : null);
