// Where a project has its series from, by its kind.

import { h } from '../../lib/h.js';
import { kindOf } from './definition.js';
import { checkField, numberField, pairsField, selectOne, textField } from './fields.js';

/**
 * The fields of a source.
 *
 * @param {import('./fields.js').Draft} draft
 * @param {{pools: string[], redraw: () => void}} surroundings
 */
export function sourceFields(draft, { pools, redraw }) {
  switch (kindOf(draft.value)) {
    case 'prometheus': return prometheusFields(draft, redraw);
    case 'remoteCoroot': return corootFields(draft);
    case 'clusterPool': return selectOne(draft, 'clusterPool', 'Cluster pool', [
      ['', 'choose one'], ['attributes', 'attributes: by project, domain and workflow'], ...pools.map((name) => [name, name]),
    ]);
    default: return h('p', null, 'Its source is written as JSON, in the tab of that name.');
  }
}

const CREDENTIALS = [
  { id: 'none', title: 'None' }, { id: 'basicAuth', title: 'User and password' }, { id: 'bearerToken', title: 'Bearer token' },
  { id: 'other', title: 'Others, as JSON' },
];

function prometheusFields(draft, redraw) {
  const source = draft.get('prometheus') ?? {};
  const hasOthers = ['oauth2', 'sigv4', 'bearerTokenFile'].some((key) => source[key] !== undefined);
  const credentials = hasOthers ? 'other' : source.basicAuth ? 'basicAuth' : source.bearerToken !== undefined ? 'bearerToken' : 'none';
  const keep = 'Leave it as it is to keep the secret. With another URL it must be given again.';
  const choose = h('select', {
    value: credentials, disabled: draft.isReadOnly || hasOthers, id: 'project-credentials', onchange: () => {
      draft.set('prometheus.basicAuth', choose.value === 'basicAuth' ? { username: '' } : undefined);
      draft.set('prometheus.bearerToken', choose.value === 'bearerToken' ? '' : undefined);
      redraw('#project-credentials');
    },
  }, CREDENTIALS.filter((one) => hasOthers || one.id !== 'other').map((one) => h('option', { value: one.id }, one.title)));
  return [
    textField(draft, 'prometheus.url', 'URL', { type: 'url', placeholder: 'http://prometheus:9090', hint: 'Absolute, with a path prefix if there is one.' }),
    h('div', { class: 'field' }, h('label', { for: 'project-credentials' }, 'Credentials'), choose),
    credentials === 'basicAuth' && [
      textField(draft, 'prometheus.basicAuth.username', 'User', { always: true }),
      textField(draft, 'prometheus.basicAuth.password', 'Password', { type: 'password', hint: keep }),
    ],
    credentials === 'bearerToken' && textField(draft, 'prometheus.bearerToken', 'Bearer token', { type: 'password', hint: keep, always: true }),
    textField(draft, 'selector', 'Selector', { placeholder: '{cluster="eu"}', hint: 'Which series of the server are the project’s. Every series, if it is empty.' }),
    h('details', { class: 'more-fields', open: hasMore(source) }, h('summary', null, 'Headers, TLS, times'),
      pairsField(draft, 'prometheus.headers', 'Headers', { hint: 'One a line, as X-Scope-OrgID=tenant-a. They are sent with every request, and are secrets.' }),
      checkField(draft, 'prometheus.tls.skipVerify', 'Accept any certificate'),
      textField(draft, 'prometheus.tls.serverName', 'Name in its certificate', { hint: 'The host of the URL, if it is empty.' }),
      textField(draft, 'prometheus.timeout', 'Timeout', { placeholder: '30s' }),
      numberField(draft, 'prometheus.maxConcurrency', 'Queries at once')),
  ];
}

const hasMore = (source) => Boolean(source.headers || source.tls);

function corootFields(draft) {
  return [
    textField(draft, 'remoteCoroot.url', 'URL', { type: 'url', placeholder: 'https://coroot.example.com' }),
    textField(draft, 'remoteCoroot.apiKey', 'API key', { type: 'password', hint: 'Of the project there. Leave it as it is to keep it.' }),
    textField(draft, 'remoteCoroot.metricResolution', 'Resolution', { placeholder: '15s', hint: 'The least step that it is asked for.' }),
    textField(draft, 'remoteCoroot.timeout', 'Timeout', { placeholder: '30s' }),
    checkField(draft, 'remoteCoroot.tlsSkipVerify', 'Accept any certificate'),
  ];
}
