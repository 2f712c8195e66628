// Queries that run now, and those that cost most since the gateway started.

import { data, v1 } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { formatBytes, formatCount } from '../../lib/numbers.js';
import { note } from '../../lib/router.js';
import { session } from '../../lib/session.js';
import { formatDuration, formatElapsed, formatTime, fromRFC3339 } from '../../lib/time.js';
import { choice, empty, errorBanner, toast } from '../../lib/ui.js';
import { agoOf, facts, queryLink } from '../common/parts.js';
import { DataTable } from '../common/table.js';

const REFRESH = 2;

/** Queries under way, read again and again. */
export function activeQueries(element, { signal, every }) {
  const trouble = h('div', { 'aria-live': 'polite' });
  const table = new DataTable({
    caption: 'Queries that run now', key: (one) => one.id, name: (one) => one.query, empty: 'No query runs now.',
    details: (one) => facts([
      ['Query', h('code', { class: 'query-text' }, queryLink(one.query, one.query, { project: one.project }))],
      ['Request', one.id], ['Client', one.client], ['Project', one.project],
      ['Range', one.start && one.end && one.start !== one.end && `${formatTime(fromRFC3339(one.start))} to ${formatTime(fromRFC3339(one.end))}, every ${formatDuration(one.stepSeconds)}`],
    ]),
    columns: [
      { id: 'query', label: 'Query', cell: (one) => h('span', { class: 'cut mono', title: one.query }, one.query) },
      { id: 'seconds', label: 'Runs for', numeric: true, sort: (one) => one.seconds, cell: (one) => formatElapsed(one.seconds) },
      { id: 'project', label: 'Project', wide: true, cell: (one) => one.project ?? '–' },
      { id: 'client', label: 'Client', wide: true, cell: (one) => one.client ?? '–' },
      { id: 'endpoint', label: 'Endpoint', wide: true, cell: (one) => one.endpoint ?? '–' },
      ...(session.admin ? [{ id: 'cancel', label: 'Actions', cell: (one) => h('button', { type: 'button', class: 'danger', 'aria-label': `Cancel ${one.query}`, onclick: () => cancel(one) }, 'Cancel') }] : []),
    ],
  });
  replace(element, table.element, trouble);

  async function read() {
    try {
      table.show(await v1('status/active_queries', { signal }));
    } catch (error) {
      if (signal.aborted) return;
      replace(element, lacking(error));
    }
  }

  async function cancel(one) {
    try {
      await data(`api/v1/status/active_queries/${encodeURIComponent(one.id)}`, { method: 'DELETE', signal });
      toast('The query is canceled');
    } catch (error) {
      // It may have ended by itself.
      if (error.status !== 404) replace(trouble, errorBanner(error));
    }
    await read();
  }

  read();
  every(REFRESH, async () => {
    if (table.element.isConnected) await read();
  });
}

const ORDERS = [['time', 'Time'], ['bytes', 'Bytes'], ['count', 'Count'], ['failures', 'Failures']];

/** The queries that cost most, by what the URL's `by` says. */
export function topQueries(element, { params, signal }) {
  let by = ORDERS.some(([id]) => id === params.get('by')) ? params.get('by') : 'time';
  const place = h('div');
  const table = new DataTable({
    caption: 'Queries that cost most', key: (one) => one.query, name: (one) => one.query, empty: 'No query was answered yet.',
    details: (one) => facts([
      ['Query', h('code', { class: 'query-text' }, queryLink(one.query))], ['Last', agoOf(one.last)],
      ['Times', `${formatCount(one.count)}, ${formatCount(one.failures)} failed`], ['Longest', formatElapsed(one.maxSeconds)],
    ]),
    columns: [
      { id: 'query', label: 'Query', cell: (one) => h('span', { class: 'cut mono', title: one.query }, one.query) },
      { id: 'time', label: 'Time in all', numeric: true, cell: (one) => formatElapsed(one.seconds) },
      { id: 'mean', label: 'Mean', numeric: true, wide: true, cell: (one) => formatElapsed(one.seconds / Math.max(1, one.count)) },
      { id: 'bytes', label: 'From members', numeric: true, wide: true, cell: (one) => formatBytes(one.bytes) },
      { id: 'count', label: 'Times', numeric: true, cell: (one) => formatCount(one.count) },
      { id: 'failures', label: 'Failed', numeric: true, wide: true, cell: (one) => formatCount(one.failures) },
    ],
  });

  async function read() {
    try {
      const found = await v1('status/top_queries', { params: { by, limit: 20 }, signal });
      table.show(found.queries ?? []);
      replace(place, h('p', { class: 'dim' }, 'Since ', agoOf(found.since, 'the start')), table.element);
    } catch (error) {
      if (!signal.aborted) replace(place, lacking(error));
    }
  }

  replace(element, h('div', { class: 'toolbar' }, choice({
    label: 'The most', items: ORDERS, selected: by, onselect: (id) => {
      by = id;
      const kept = Object.fromEntries(new URLSearchParams(window.location.search));
      note({ ...kept, by });
      read();
    },
  }), h('button', { type: 'button', onclick: read }, 'Refresh')), place);
  read();
}

function lacking(error) {
  return error.isAbsent ? empty('This gateway does not tell.') : errorBanner(error);
}
