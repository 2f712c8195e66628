// Access tokens of people and of Grafana.

import { data } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { loadProjects, session } from '../../lib/session.js';
import { badge, errorBanner, field, toast } from '../../lib/ui.js';
import { ask, showSecret } from '../common/dialog.js';
import { agoOf } from '../common/parts.js';
import { DataTable } from '../common/table.js';
import { checkboxes, radios } from './fields.js';

export async function tokenSection(element, { signal }) {
  const table = new DataTable({
    caption: 'Access tokens', key: (token) => token.name, empty: 'There is no token. Without any, everybody on this machine may read and change everything.',
    columns: [
      { id: 'name', label: 'Name', sort: (token) => token.name, cell: (token) => token.name },
      { id: 'may', label: 'May', cell: (token) => (token.admin ? badge('warning', 'change') : badge('neutral', 'read')) },
      { id: 'projects', label: 'Opens', cell: (token) => (token.projects ? token.projects.join(', ') || 'nothing' : 'every project') },
      { id: 'matchers', label: 'Sees', wide: true, cell: (token) => h('span', { class: 'mono' }, (token.matchers ?? []).join(' or ') || 'every series') },
      { id: 'limits', label: 'Limits', wide: true, cell: (token) => Object.entries(token.limits ?? {}).map((pair) => pair.join(' ')).join(', ') || '–' },
      { id: 'created', label: 'Made', wide: true, cell: (token) => agoOf(token.created, '–') },
      { id: 'delete', label: 'Actions', cell: (token) => (token.readOnly ? badge('info', 'read only', 'Of the configuration file') : h('button', { type: 'button', class: 'danger', 'aria-label': `Delete the token ${token.name}`, onclick: () => remove(token) }, 'Delete')) },
    ],
  });
  const trouble = h('div', { 'aria-live': 'polite' });
  const formPlace = h('div');
  replace(element, h('h2', null, 'Access tokens'), table.element, trouble, formPlace);

  async function read() {
    if (session.projects.length === 0) await loadProjects();
    table.show(await data('api/tokens', { signal }));
  }

  function drawForm() {
    const name = h('input', { type: 'text', autocomplete: 'off', maxlength: '100', required: true });
    const matchers = h('textarea', { rows: 2, spellcheck: 'false', placeholder: '{namespace="shop"}' });
    const range = h('input', { type: 'text', placeholder: '30d', autocomplete: 'off' });
    let opened = null;
    let role = 'read';
    const boxes = h('div');
    const drawBoxes = () => replace(boxes, opened && checkboxes('These projects', session.projects.map((one) => one.name), opened, { onchange: (list) => { opened = list; } }));
    const body = () => ({
      name: name.value, ...(opened ? { projects: opened } : {}), ...(role === 'change' ? { admin: true } : {}),
      ...(matchers.value.trim() ? { matchers: matchers.value.split('\n').map((line) => line.trim()).filter(Boolean) } : {}),
      ...(range.value.trim() ? { limits: { maxRange: range.value.trim() } } : {}),
    });
    replace(formPlace, h('details', { class: 'more-fields' }, h('summary', null, 'New token'),
      h('form', {
        onsubmit: async (event) => {
          event.preventDefault();
          try {
            const token = await data('api/tokens', { json: body() });
            replace(trouble);
            drawForm();
            await read();
            showSecret('The new token', 'Token', `Whoever has it is ${token.name}. Grafana sends it as a bearer token.`, token.token);
          } catch (error) {
            replace(trouble, errorBanner(error));
          }
        },
      },
      field('Name', name, { hint: 'Who uses it. The log names it with every change.' }),
      radios('It may', [{ id: 'read', title: 'read' }, { id: 'change', title: 'change projects, pools, keys and tokens' }], role, false, (id) => { role = id; }),
      radios('It opens', [{ id: 'all', title: 'every project' }, { id: 'some', title: 'some projects' }], 'all', false, (id) => { opened = id === 'some' ? [] : null; drawBoxes(); }),
      boxes,
      field('Sees only series of', matchers, { hint: 'Selectors, one a line. Every series, if it is empty.' }),
      field('Longest time of a query', range, { hint: 'As long as the gateway allows, if it is empty.' }),
      h('button', { type: 'submit', class: 'primary' }, 'Make a token'))));
  }

  async function remove(token) {
    const { done } = ask(`Delete ${token.name}?`, h('p', null, 'Whoever uses it can no longer read anything with it.'), {
      text: 'Delete', kind: 'danger', action: () => data(`api/tokens/${encodeURIComponent(token.name)}`, { method: 'DELETE' }),
    });
    if (!(await done)) return;
    toast(`${token.name} is deleted`);
    await read();
  }

  await read();
  drawForm();
}
