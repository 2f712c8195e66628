// Cluster pools, and the records that choose one for a request.

import { data } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { badge, errorBanner, field, toast } from '../../lib/ui.js';
import { ask } from '../common/dialog.js';
import { stateBadge } from '../common/parts.js';
import { DataTable } from '../common/table.js';

const poolPath = (name) => `api/cluster-pools/${encodeURIComponent(name)}`;

export async function poolSection(element, { signal }) {
  const trouble = h('div', { 'aria-live': 'polite' });
  const table = new DataTable({
    caption: 'Cluster pools', key: (pool) => pool.name, empty: 'There is no pool.',
    columns: [
      { id: 'name', label: 'Pool', sort: (pool) => pool.name, cell: (pool) => pool.name },
      { id: 'clusters', label: 'Clusters', cell: (pool) => [pool.clusters.map((name) => [h('span', null, name), ' ', pool.status?.[name] && stateBadge({ status: pool.status[name] }), ' ']), pool.discovery?.error && h('span', { class: 'error-text' }, pool.discovery.error)] },
      { id: 'actions', label: 'Actions', cell: (pool) => (pool.readOnly ? badge('info', 'read only', 'Of the configuration file') : [
        h('button', { type: 'button', 'aria-label': `Edit ${pool.name}`, onclick: () => edit(pool) }, 'Edit'), ' ',
        h('button', { type: 'button', class: 'danger', 'aria-label': `Delete ${pool.name}`, onclick: () => remove(pool) }, 'Delete')]) },
    ],
  });
  const name = h('input', { type: 'text', autocomplete: 'off', required: true });
  const clusters = h('textarea', { rows: 3, spellcheck: 'false' });
  replace(element, h('h2', null, 'Cluster pools'),
    h('p', { class: 'dim' }, 'Clusters of a pool are alternatives over one storage: any one of them answers for a project that has the pool.'),
    table.element, trouble,
    h('form', { class: 'inline-form', onsubmit: put }, field('Pool', name), field('Clusters or projects, one a line', clusters), h('button', { type: 'submit', class: 'primary' }, 'Save the pool')));

  const read = async () => table.show(await data('api/cluster-pools', { signal }));

  function edit(pool) {
    name.value = pool.name;
    clusters.value = pool.clusters.join('\n');
    clusters.focus();
  }

  async function put(event) {
    event.preventDefault();
    try {
      await data(poolPath(name.value), { method: 'PUT', json: { clusters: clusters.value.split('\n').map((line) => line.trim()).filter(Boolean) } });
      toast(`${name.value} is saved`);
      name.value = '';
      clusters.value = '';
      replace(trouble);
      await read();
    } catch (error) {
      replace(trouble, errorBanner(error));
    }
  }

  async function remove(pool) {
    const { done } = ask(`Delete the pool ${pool.name}?`, h('p', null, `It holds ${pool.clusters.join(', ')}.`), { text: 'Delete', kind: 'danger', action: () => data(poolPath(pool.name), { method: 'DELETE' }) });
    if (!(await done)) return;
    toast(`${pool.name} is deleted`);
    await read();
  }

  await read();
}

export async function attributeSection(element, { signal }) {
  const trouble = h('div', { 'aria-live': 'polite' });
  const keyOf = (one) => ({ project: one.project, domain: one.domain, workflow: one.workflow });
  const table = new DataTable({
    caption: 'Records', key: (one) => JSON.stringify(keyOf(one)), empty: 'There is no record: the pool “default” answers.',
    columns: [
      { id: 'project', label: 'Project', sort: (one) => one.project, cell: (one) => one.project },
      { id: 'domain', label: 'Domain', sort: (one) => one.domain, cell: (one) => one.domain },
      { id: 'workflow', label: 'Workflow', sort: (one) => one.workflow, cell: (one) => one.workflow ?? 'every workflow' },
      { id: 'pool', label: 'Pool', sort: (one) => one.clusterPoolName, cell: (one) => one.clusterPoolName },
      { id: 'actions', label: 'Actions', cell: (one) => (one.readOnly ? badge('info', 'read only', 'Of the configuration file')
        : h('button', { type: 'button', class: 'danger', 'aria-label': `Delete the record of ${one.project} ${one.domain}`, onclick: () => remove(one) }, 'Delete')) },
    ],
  });
  const inputs = Object.fromEntries(['project', 'domain', 'workflow', 'clusterPoolName'].map((key) => [key, h('input', { type: 'text', autocomplete: 'off', required: key !== 'workflow' })]));
  replace(element, h('h2', null, 'Records of pools'),
    h('p', { class: 'dim' }, 'A record says which pool answers for a project and a domain, or for one workflow of it. The most specific one wins.'),
    table.element, trouble,
    h('form', { class: 'inline-form', onsubmit: put }, field('Project', inputs.project), field('Domain', inputs.domain), field('Workflow', inputs.workflow, { hint: 'May be empty.' }), field('Pool', inputs.clusterPoolName),
      h('button', { type: 'submit', class: 'primary' }, 'Save the record')));

  const read = async () => table.show(await data('api/cluster-pool-attributes', { signal }));

  async function put(event) {
    event.preventDefault();
    const body = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, input.value.trim()]).filter(([, value]) => value !== ''));
    try {
      await data('api/cluster-pool-attributes', { method: 'PUT', json: body });
      toast('The record is saved');
      for (const input of Object.values(inputs)) input.value = '';
      replace(trouble);
      await read();
    } catch (error) {
      replace(trouble, errorBanner(error));
    }
  }

  async function remove(one) {
    const { done } = ask('Delete this record?', h('p', null, `${one.project}, ${one.domain}${one.workflow ? `, ${one.workflow}` : ''}: ${one.clusterPoolName}`), {
      text: 'Delete', kind: 'danger', action: () => data('api/cluster-pool-attributes', { method: 'DELETE', params: keyOf(one) }),
    });
    if (!(await done)) return;
    toast('The record is deleted');
    await read();
  }

  await read();
}
