// The keys of a project: made, shown once, deleted.

import { data } from '../../lib/api.js';
import { h, replace } from '../../lib/h.js';
import { badge, errorBanner, field, toast } from '../../lib/ui.js';
import { ask, showSecret } from '../common/dialog.js';
import { agoOf } from '../common/parts.js';
import { DataTable } from '../common/table.js';

/**
 * The keys of a project that is there.
 *
 * @param {Object} project As the API shows it.
 * @param {{mayChange: boolean, reload: () => Promise<void>}} surroundings
 */
export function keyPanel(project, { mayChange, reload }) {
  const path = `api/projects/${encodeURIComponent(project.name)}/keys`;
  const trouble = h('div', { 'aria-live': 'polite' });
  const table = new DataTable({
    caption: `Keys of ${project.name}`, key: (key) => key.id ?? key.description ?? '', empty: 'It has no key: people read it with a token of the gateway.',
    columns: [
      { id: 'description', label: 'What for', cell: (key) => key.description || '(no description)' },
      { id: 'id', label: 'Id', wide: true, cell: (key) => h('span', { class: 'mono' }, key.id ?? 'of the configuration file') },
      { id: 'created', label: 'Made', cell: (key) => agoOf(key.created, '–') },
      ...(mayChange ? [{
        id: 'delete', label: 'Actions', cell: (key) => h('button', {
          type: 'button', class: 'danger', 'aria-label': `Delete the key ${key.description || key.id}`, onclick: () => remove(key),
        }, 'Delete'),
      }] : []),
    ],
  });
  table.show(project.keys ?? []);

  async function make(event) {
    event.preventDefault();
    try {
      const key = await data(path, { json: { description: description.value } });
      description.value = '';
      replace(trouble);
      await reload();
      showSecret('The new key', 'Key', `Whoever has it can read ${project.name}, with the header X-API-Key or as a bearer token.`, key.key);
    } catch (error) {
      replace(trouble, errorBanner(error));
    }
  }

  async function remove(key) {
    const { done } = ask('Delete this key?', h('p', null, `Whoever uses the key “${key.description || key.id}” can no longer read ${project.name}.`), {
      text: 'Delete', kind: 'danger', action: () => data(`${path}/${encodeURIComponent(key.id)}`, { method: 'DELETE' }),
    });
    if (await done) {
      toast('The key is deleted');
      await reload();
    }
  }

  const description = h('input', { type: 'text', autocomplete: 'off', maxlength: '200' });
  return h('div', null,
    h('p', null, 'Keys choose this project and let it be read. ', badge('info', 'shown once'), ' The gateway keeps their hashes alone.'),
    table.element, trouble,
    mayChange && h('form', { class: 'inline-form', onsubmit: make },
      field('What the new key is for', description), h('button', { type: 'submit', class: 'primary' }, 'Make a key')));
}
