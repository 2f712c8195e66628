// Status: the process, its settings, and the queries that it works on.

import { data, request, v1, v1OrLess } from '../../lib/api.js';
import { differingLines } from '../../lib/diff.js';
import { h, replace } from '../../lib/h.js';
import { note } from '../../lib/router.js';
import { session } from '../../lib/session.js';
import { badge, banner, copyButton, download, empty, errorBanner, loading, tabs, toast } from '../../lib/ui.js';
import { agoOf, facts, hasWords, searchField } from '../common/parts.js';
import { DataTable } from '../common/table.js';
import { activeQueries, topQueries } from './queries.js';

const PARTS = [['process', 'Process'], ['queries', 'Queries'], ['top', 'Top queries'], ['configuration', 'Configuration'], ['flags', 'Flags'], ['features', 'Features']];

export function mount({ element, actions, params, signal, every }) {
  let part = params.get('part') ?? 'process';
  const panel = h('div', { id: 'status-panel', role: 'tabpanel', 'aria-label': 'Status' });
  const list = tabs({
    label: 'Parts of the status', panel: 'status-panel', selected: part, items: PARTS.map(([id, title]) => ({ id, title })),
    onselect: (id) => {
      part = id;
      note(id === 'process' ? {} : { part: id }, { push: true });
      draw();
    },
  });
  const trouble = h('div', { 'aria-live': 'polite' });
  replace(actions, session.admin && h('button', { type: 'button', onclick: reload, title: 'Reads the configuration file again' }, 'Reload configuration'));
  replace(element, trouble, list, panel);
  const context = { params, signal, every };
  const draws = {
    process: processPart, configuration: configurationPart, flags: flagPart, features: featurePart,
    queries: async (place) => activeQueries(place, context), top: async (place) => topQueries(place, context),
  };

  async function draw() {
    const place = h('div', null, loading());
    replace(panel, place);
    try {
      await (draws[part] ?? processPart)(place);
    } catch (error) {
      if (!signal.aborted) replace(place, errorBanner(error));
    }
  }

  async function reload() {
    try {
      await request('-/reload', { method: 'POST', signal });
      replace(trouble);
      toast('The configuration was read again');
    } catch (error) {
      replace(trouble, errorBanner(error));
    }
    await draw();
  }

  async function processPart(place) {
    const [runtime, build, version] = await Promise.all([
      v1('status/runtimeinfo', { signal }), v1('status/buildinfo', { signal }),
      // Without the envelope of the API.
      request('version', { signal }).then((one) => one.json()).catch(() => ({})),
    ]);
    replace(place, h('div', { class: 'columns' },
      h('section', { class: 'card' }, h('h2', null, 'Process'), facts([
        ['Started', agoOf(runtime.startTime)], ['Host', runtime.hostname], ['Directory', h('span', { class: 'mono' }, runtime.CWD)],
        ['Processors', String(runtime.GOMAXPROCS)], ['Its time', runtime.serverTime && agoOf(runtime.serverTime)],
        ['Configuration', runtime.reloadConfigSuccess ? badge('ok', 'in force as it is in the file') : badge('error', 'the last reload failed')],
        ['Read', agoOf(runtime.lastConfigTime)],
      ])),
      h('section', { class: 'card' }, h('h2', null, 'Build'), facts([
        ['Tributary', version.tributary], ['Answers as Prometheus', build.version], ['Revision', build.revision], ['Built', build.buildDate],
      ]))));
  }

  async function configurationPart(place) {
    const { yaml } = await v1('status/config', { signal });
    const comparison = h('div', { 'aria-live': 'polite' });
    replace(place,
      h('div', { class: 'toolbar' }, copyButton(yaml, 'the configuration'),
        h('button', { type: 'button', class: 'quiet', onclick: () => download('tributary.yaml', yaml, 'application/yaml') }, 'Download'),
        session.admin && h('button', { type: 'button', title: 'What a reload would change', onclick: () => compare(comparison, yaml) }, 'Compare with the file'),
        h('span', { class: 'dim' }, 'What is in force, without secrets.')),
      comparison,
      h('pre', { class: 'yaml', tabindex: '0', 'aria-label': 'Configuration' }, yaml.split('\n').map(yamlLine)));
  }

  // What is in force, and what would be after a reload: both are written by the gateway, so that the
  // layout of the file is no difference.
  async function compare(place, inForce) {
    replace(place, loading('Reading the file…'));
    try {
      const { yaml } = await data('api/configuration/file', { signal });
      const lines = differingLines(inForce.split('\n'), yaml.split('\n'));
      replace(place, lines.length === 0 ? banner('ok', 'The file is in force as it is.')
        : [banner('warning', 'The file is not in force as it is now. A reload would change this:'),
          h('pre', { class: 'yaml lines', tabindex: '0', 'aria-label': 'What a reload would change' }, lines.map((one) => (
            one.kind === 'gap' ? h('span', { class: 'dim' }, '⋯\n')
              : one.kind === 'same' ? `  ${one.text}\n` : h(one.kind === 'added' ? 'ins' : 'del', null, `${one.kind === 'added' ? '+' : '−'} ${one.text}\n`))))]);
    } catch (error) {
      if (signal.aborted) return;
      replace(place, error.isAbsent ? banner('info', 'There is no file to compare with.') : errorBanner(error));
    }
  }

  async function flagPart(place) {
    const flags = Object.entries(await v1('status/flags', { signal }));
    const table = new DataTable({
      caption: 'Flags', key: (one) => one[0], most: 500,
      columns: [
        { id: 'name', label: 'Flag', sort: (one) => one[0], cell: (one) => h('span', { class: 'mono' }, one[0]) },
        { id: 'value', label: 'Value', cell: (one) => h('span', { class: 'mono' }, one[1] || '–') },
      ],
    });
    const show = (words) => table.show(flags.filter((one) => hasWords(one.join(' '), words)));
    show('');
    replace(place, h('div', { class: 'toolbar' }, searchField('Filter', '', show)), table.element);
  }

  async function featurePart(place) {
    const features = await v1OrLess('features', { signal });
    if (!features) return replace(place, empty('This gateway does not tell.'));
    replace(place, h('div', { class: 'columns' }, Object.entries(features).filter(([, all]) => Object.keys(all).length > 0).map(([name, all]) => h('section', { class: 'card' },
      h('h2', null, name.replaceAll('_', ' ')),
      h('ul', { class: 'feature-list' }, Object.entries(all).map(([feature, isOn]) => h('li', null, badge(isOn ? 'ok' : 'neutral', isOn ? 'yes' : 'no'), ' ', h('span', { class: 'mono' }, feature))))))));
  }

  draw();
  return {
    navigated(changed) {
      part = changed.get('part') ?? 'process';
      list.select(part);
      draw();
    },
  };
}

/** A line of YAML with its key and its value told apart. */
function yamlLine(line) {
  const match = /^(\s*(?:- )?)([^\s:#][^:]*)(:)(\s.*|)$/.exec(line);
  if (!match) return h('span', { class: 'yaml-value' }, `${line}\n`);
  const [, indent, key, colon, value] = match;
  return [indent, h('span', { class: 'yaml-key' }, key), colon, value && h('span', { class: 'yaml-value' }, value), '\n'];
}
