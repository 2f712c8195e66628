// Where a project has its series from, by its kind; and its logs, traces and profiles beside them.

import { h } from '../../lib/h.js';
import { telemetryKinds } from '../common/sources.js';
import { kindOf, takesTelemetry, telemetryOf } from './definition.js';
import { checkField, numberField, pairsField, selectOne, textField } from './fields.js';

/**
 * The fields of all sources.
 *
 * @param {import('./fields.js').Draft} draft
 * @param {{pools: string[], redraw: (focus?: string) => void}} surroundings
 */
export function sourceFields(draft, { pools, redraw }) {
  const metrics = metricsFields(draft, pools, redraw);
  if (!takesTelemetry(draft.value)) return metrics;
  return [
    h('fieldset', { class: 'source' }, h('legend', null, 'Metrics'), metrics),
    telemetryKinds.map((kind) => telemetryFields(draft, kind, redraw)),
  ];
}

function metricsFields(draft, pools, redraw) {
  switch (kindOf(draft.value)) {
    case 'prometheus': return prometheusFields(draft, redraw);
    case 'remoteCoroot': return corootFields(draft);
    case 'clusterPool': return selectOne(draft, 'clusterPool', 'Cluster pool', [
      ['', 'choose one'], ['attributes', 'attributes: by project, domain and workflow'], ...pools.map((name) => [name, name]),
    ]);
    case 'telemetryOnly': return h('p', null, 'It has none. What it is made of is chosen in the tab General.');
    default: return h('p', null, 'Its source is written as JSON, in the tab of that name.');
  }
}

/** The server of one kind, or a box to tick for having one. */
function telemetryFields(draft, { key, data, server, url }, redraw) {
  const title = data[0].toUpperCase() + data.slice(1);
  const source = draft.get(key);
  const isNamed = source !== undefined;
  const id = `project-has-${key}`;
  // Without any, a project without metrics would be nothing.
  const isNeeded = isNamed && kindOf(draft.value) === 'telemetryOnly' && telemetryOf(draft.value).length === 1;
  const box = h('input', {
    id, type: 'checkbox', checked: isNamed, disabled: draft.isReadOnly || isNeeded, 'aria-describedby': isNeeded ? `${id}-why` : null,
    onchange: () => {
      // Ticked again, it is as it was.
      if (!box.checked) draft.removed[key] = draft.get(key);
      draft.set(key, box.checked ? draft.removed[key] ?? {} : undefined);
      redraw(`#${id}`);
    },
  });
  return h('fieldset', { class: 'source' }, h('legend', null, title),
    h('div', { class: 'field' }, h('label', { class: 'check' }, box, `${title} are in a ${server}`),
      isNeeded && h('small', { id: `${id}-why`, class: 'hint' }, 'A project without metrics needs logs, traces or profiles.')),
    isNamed && [
      serverFields(draft, key, redraw, { placeholder: url, hint: 'Absolute, with a path prefix if there is one.' }),
      moreFields(draft, key,
        key === 'loki' && textField(draft, 'loki.everyStream', 'What chooses all streams', { placeholder: '{service_name=~".+"}', hint: 'For queries that name nothing but the members: Loki wants a matcher.' }),
        key === 'loki' && numberField(draft, 'loki.maxLines', 'Lines of one query')),
    ]);
}

const CREDENTIALS = [
  { id: 'none', title: 'None' }, { id: 'basicAuth', title: 'User and password' }, { id: 'bearerToken', title: 'Bearer token' },
  { id: 'other', title: 'Others, as JSON' },
];

function prometheusFields(draft, redraw) {
  return [
    serverFields(draft, 'prometheus', redraw, { placeholder: 'http://prometheus:9090', hint: 'Absolute, with a path prefix if there is one.' }),
    textField(draft, 'selector', 'Selector', { placeholder: '{cluster="eu"}', hint: 'Which series of the server are the project’s. Every series, if it is empty.' }),
    moreFields(draft, 'prometheus'),
  ];
}

/** The address of a server, and how the gateway shows who it is. */
function serverFields(draft, key, redraw, address) {
  const source = draft.get(key) ?? {};
  const hasOthers = ['oauth2', 'sigv4', 'bearerTokenFile'].some((one) => source[one] !== undefined);
  const credentials = hasOthers ? 'other' : source.basicAuth ? 'basicAuth' : source.bearerToken !== undefined ? 'bearerToken' : 'none';
  const keep = 'Leave it as it is to keep the secret. With another URL it must be given again.';
  const id = `project-credentials-${key}`;
  const choose = h('select', {
    value: credentials, disabled: draft.isReadOnly || hasOthers, id, onchange: () => {
      draft.set(`${key}.basicAuth`, choose.value === 'basicAuth' ? { username: '' } : undefined);
      draft.set(`${key}.bearerToken`, choose.value === 'bearerToken' ? '' : undefined);
      redraw(`#${id}`);
    },
  }, CREDENTIALS.filter((one) => hasOthers || one.id !== 'other').map((one) => h('option', { value: one.id }, one.title)));
  return [
    textField(draft, `${key}.url`, 'URL', { type: 'url', ...address }),
    h('div', { class: 'field' }, h('label', { for: id }, 'Credentials'), choose),
    credentials === 'basicAuth' && [
      textField(draft, `${key}.basicAuth.username`, 'User', { always: true }),
      textField(draft, `${key}.basicAuth.password`, 'Password', { type: 'password', hint: keep }),
    ],
    credentials === 'bearerToken' && textField(draft, `${key}.bearerToken`, 'Bearer token', { type: 'password', hint: keep, always: true }),
  ];
}

/** What few servers need. */
function moreFields(draft, key, ...others) {
  const source = draft.get(key) ?? {};
  return h('details', { class: 'more-fields', open: Boolean(source.headers || source.tls) }, h('summary', null, 'Headers, TLS, times'),
    pairsField(draft, `${key}.headers`, 'Headers', { hint: 'One a line, as X-Scope-OrgID=tenant-a. They are sent with every request, and are secrets.' }),
    checkField(draft, `${key}.tls.skipVerify`, 'Accept any certificate'),
    textField(draft, `${key}.tls.serverName`, 'Name in its certificate', { hint: 'The host of the URL, if it is empty.' }),
    textField(draft, `${key}.timeout`, 'Timeout', { placeholder: '30s' }),
    numberField(draft, `${key}.maxConcurrency`, 'Queries at once'),
    others);
}

function corootFields(draft) {
  return [
    textField(draft, 'remoteCoroot.url', 'URL', { type: 'url', placeholder: 'https://coroot.example.com' }),
    textField(draft, 'remoteCoroot.apiKey', 'API key', { type: 'password', hint: 'Of the project there. Leave it as it is to keep it.' }),
    textField(draft, 'remoteCoroot.metricResolution', 'Resolution', { placeholder: '15s', hint: 'The least step that it is asked for.' }),
    textField(draft, 'remoteCoroot.timeout', 'Timeout', { placeholder: '30s' }),
    checkField(draft, 'remoteCoroot.tlsSkipVerify', 'Accept any certificate'),
  ];
}
